import ArgumentParser
public import Domain
import GLMImage
public import ServerKit
import Tensor

/// The text part of a checkpoint, on a thread of its own: a loop that runs while there are requests, and lets requests join and leave
/// between two rounds.
public actor DefaultTextService: TextService {
    /// A request in the batch, and what waits for it.
    private struct Member {
        let token: WorkToken
        let onEvent: @Sendable (TextEvent) -> Void
        var watch: Stopwatch
        let result: CheckedContinuation<GeneratedTokens, any Error>
    }

    private let thread = ComputeThread(name: "text")
    private let options: TextOptions
    private var batch: CodeBatch?
    private var members: [CodeBatch.Ticket: Member] = [:]
    private var isRunning = false

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init(_ options: TextOptions) { self.options = options }

    public func load(_ model: ModelOptions) throws -> StageModel {
        let folder = try model.folder()
        let devices = try model.makeDevices(for: .text)
        let device = devices.main
        guard options.batch <= device.batchRows else {
            throw ValidationError("--batch is \(options.batch); \(device.name) draws at most \(device.batchRows) together")
        }
        let generator = try TextGenerator(model: folder, device: device)
        batch = CodeBatch(generator, size: options.batch, cacheBytes: options.cacheBytes(usual: generator.cacheBytes(batch: options.batch)))
        try device.synchronize()
        return try StageModel(folder, for: .text, model, devices)
    }

    public func generate(
        _ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void
    ) async throws -> GeneratedTokens {
        guard let batch else { throw StageError.loading }
        let (ticket, layout) = try batch.add(request)
        onEvent(.layout(layout))
        return try await withCheckedThrowingContinuation { result in
            members[ticket] = Member(token: token, onEvent: onEvent, watch: Stopwatch(), result: result)
            guard !isRunning else { return }
            isRunning = true
            Task { await runRounds(batch) }
        }
    }

    private func runRounds(_ batch: CodeBatch) async {
        while !batch.isEmpty {
            do {
                try DeviceLoss.guarding {
                    try batch.advance(checkCancellation: { try members[$0]?.token.checkCancellation() }, onEvent: { report($0) })
                }
            } catch {
                let lost = members.values
                members = [:]
                batch.removeAll()
                for member in lost {
                    member.result.resume(throwing: StageError(.device, "the device failed under all \(lost.count) requests: \(error)"))
                }
            }
            // Requests that arrived during the round are handled on this thread now.
            await Task.yield()
        }
        isRunning = false
    }

    private func report(_ event: CodeBatch.Event) {
        switch event {
        case .token(let ticket, let index, let id):
            if index == 0 { members[ticket]?.watch.lap("prefill") }
            members[ticket]?.onEvent(.token(index: index, id: id))
        case .done(let ticket, let preview, let target):
            guard var member = members.removeValue(forKey: ticket) else { return }
            member.watch.lap("decode")
            member.result.resume(returning: GeneratedTokens(preview: preview, target: target, timings: member.watch.timings))
        case .failed(let ticket, let error):
            DeviceLoss.check(error)
            members.removeValue(forKey: ticket)?.result.resume(throwing: error)
        }
    }
}
