public import GLMImage
public import ModelStage
public import StageKit
public import Wire

/// The text part of a checkpoint, on a thread of its own.
public actor DefaultTextService: TextService {
    private let thread = ComputeThread(name: "text")
    private var generator: TextGenerator?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init() {}

    public func load(_ options: ModelOptions) throws -> StageModel {
        let folder = try options.folder()
        let device = options.makeDevice()
        generator = try TextGenerator(model: folder, device: device)
        return StageModel(folder, device)
    }

    public func generate(
        _ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void
    ) async throws -> (preview: GLMImage.CodeGrid?, target: GLMImage.CodeGrid, timings: [Timing]) {
        guard let generator else { throw CallError(.unavailable, "the model is being loaded") }
        onEvent(.layout(try generator.layout(request)))
        var watch = Stopwatch()
        let (preview, target) = try generator.generate(request, checkCancellation: token.checkCancellation) { index, id in
            if index == 0 { watch.lap("prefill") }
            try token.checkCancellation()
            onEvent(.token(index: index, id: id))
        }
        watch.lap("decode")
        return (preview, target, watch.timings)
    }
}
