import Domain
public import ServerKit
import Wire

/// The text process.
public enum TextStage {
    /// Serves until told to end.
    public static func run(_ options: ServerOptions, _ model: ModelOptions, _ text: TextOptions) async throws {
        let limits = StageLimits(maxPromptBytes: RequestLimits.promptBytes.upperBound, maxPixels: RequestLimits.maximumArea)
        let server = try StageServer(kind: StageKind.text.rawValue, options: options, capacity: text.batch, limits: limits, status: modelStatus)
        let service = DefaultTextService(text, work: server.work)
        try await server.runAlone([.text(TextHarness(service, gate: server.gate))]) { try await service.load(model) }
    }
}
