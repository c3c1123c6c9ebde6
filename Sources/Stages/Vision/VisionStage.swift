import Domain
public import ServerKit
import Wire

/// The vision process.
public enum VisionStage {
    /// Serves until told to end.
    public static func run(_ options: ServerOptions, _ model: ModelOptions) async throws {
        let server = try StageServer(
            kind: StageKind.vision.rawValue, options: options, limits: StageLimits(maxPixels: RequestLimits.maximumArea), status: modelStatus)
        let service = DefaultVisionService()
        try await server.runAlone([.vision(VisionHarness(service, gate: server.gate))]) { try await service.load(model) }
    }
}
