import Domain
public import ServerKit
import Wire

/// The diffusion process.
public enum DiffusionStage {
    /// Serves until told to end.
    public static func run(_ options: ServerOptions, _ model: ModelOptions, _ diffusion: DiffusionOptions) async throws {
        let limits = StageLimits(
            maxPromptBytes: RequestLimits.promptBytes.upperBound, maxPixels: RequestLimits.maximumArea, maxStepCache: diffusion.stepCache)
        let server = try StageServer(kind: StageKind.diffusion.rawValue, options: options, limits: limits, status: modelStatus)
        let service = DefaultDiffusionService(diffusion, work: server.work)
        try await server.runAlone([.diffusion(DiffusionHarness(service, gate: server.gate))]) { try await service.load(model) }
    }
}
