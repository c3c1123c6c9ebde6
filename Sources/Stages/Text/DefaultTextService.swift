public import GLMImage
public import ServerKit
import Tensor
public import Wire

/// The text part of a checkpoint, on a thread of its own: a loop that goes round while anybody draws, and lets requests in and
/// out between two rounds.
public actor DefaultTextService: TextService {
    /// What a request waits for.
    private struct Member {
        let token: WorkToken
        let onEvent: @Sendable (TextEvent) -> Void
        var watch: Stopwatch
        let result: CheckedContinuation<(preview: GLMImage.CodeGrid?, target: GLMImage.CodeGrid, timings: [Timing]), any Error>
    }

    private let thread = ComputeThread(name: "text")
    private let options: TextOptions
    private var batch: CodeBatch?
    private var members: [CodeBatch.Ticket: Member] = [:]
    private var goesRound = false

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init(_ options: TextOptions) { self.options = options }

    public func load(_ model: ModelOptions) throws -> StageModel {
        let folder = try model.folder()
        let devices = try model.makeDevices()
        let device = devices.main
        guard options.batch <= device.batchRows else {
            throw CallError(.failedPrecondition, "--batch is \(options.batch); \(device.name) draws at most \(device.batchRows) together")
        }
        let generator = try TextGenerator(model: folder, device: device)
        batch = CodeBatch(generator, size: options.batch, cacheBytes: options.cacheBytes(usual: generator.cacheBytes(batch: options.batch)))
        try device.synchronize()
        return StageModel(folder, model, devices)
    }

    public func generate(
        _ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void
    ) async throws -> (preview: GLMImage.CodeGrid?, target: GLMImage.CodeGrid, timings: [Timing]) {
        guard let batch else { throw CallError(.unavailable, "the model is being loaded") }
        let (ticket, layout) = try batch.add(request)
        onEvent(.layout(layout))
        return try await withCheckedThrowingContinuation { result in
            members[ticket] = Member(token: token, onEvent: onEvent, watch: Stopwatch(), result: result)
            guard !goesRound else { return }
            goesRound = true
            Task { await goRound(batch) }
        }
    }

    private func goRound(_ batch: CodeBatch) async {
        while !batch.isEmpty {
            do {
                try DeviceLoss.guarding {
                    try batch.advance(checkCancellation: { try members[$0]?.token.checkCancellation() }, onEvent: { tell($0) })
                }
            } catch {
                let lost = members.values
                members = [:]
                batch.removeAll()
                for member in lost {
                    member.result.resume(throwing: CallError(.internalError, "the device failed under all \(lost.count) requests: \(error)"))
                }
            }
            // Whoever came meanwhile has its turn on this thread.
            await Task.yield()
        }
        goesRound = false
    }

    private func tell(_ event: CodeBatch.Event) {
        switch event {
        case .token(let ticket, let index, let id):
            if index == 0 { members[ticket]?.watch.lap("prefill") }
            members[ticket]?.onEvent(.token(index: index, id: id))
        case .done(let ticket, let preview, let target):
            guard var member = members.removeValue(forKey: ticket) else { return }
            member.watch.lap("decode")
            member.result.resume(returning: (preview, target, member.watch.timings))
        case .failed(let ticket, let error):
            DeviceLoss.check(error)
            members.removeValue(forKey: ticket)?.result.resume(throwing: error)
        }
    }
}
