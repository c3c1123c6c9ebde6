import Domain
import ServerKit
import Tensor

/// Runs the rounds of a batch while there are requests, on a thread of its own, and lets requests join and leave between two rounds.
actor BatchRunner<Batch: RequestBatch> {
    /// A request in the batch, and what waits for it.
    private struct Member {
        let token: WorkToken
        let onNews: @Sendable (Batch.News) -> Void
        /// What was told when it entered.
        let first: Batch.News?
        var watch: Stopwatch
        var phase = "prefill"
        let result: CheckedContinuation<(Batch.Result, [Timing]), any Error>
    }

    private let thread: ComputeThread
    private let batch: Batch
    private let work: WorkCounter
    private var members: [Int: Member] = [:]
    private var isRunning = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - thread: that made the batch.
    ///   - batch: used by nobody else from now on.
    ///   - work: is told how often requests were paused, and what passes gave.
    init(on thread: ComputeThread, _ batch: sending Batch, work: WorkCounter) {
        self.thread = thread
        self.batch = batch
        self.work = work
    }

    /// - Parameters:
    ///   - token: asked in every round.
    ///   - onNews: called from the computing thread; must not wait.
    /// - Returns: the result and the phases of the request.
    func run(
        _ request: Batch.Request, token: WorkToken, onNews: @escaping @Sendable (Batch.News) -> Void
    ) async throws -> (Batch.Result, [Timing]) {
        let (ticket, news) = try batch.enter(request)
        if let news { onNews(news) }
        return try await withCheckedThrowingContinuation { result in
            members[ticket] = Member(token: token, onNews: onNews, first: news, watch: Stopwatch(since: token.arrival), result: result)
            guard !isRunning else { return }
            isRunning = true
            // The rounds are of all requests: they do not belong to the trace of the one that they begin with.
            Task.detached { await self.runRounds() }
        }
    }

    private func runRounds() async {
        while !batch.isEmpty {
            do {
                try DeviceLoss.guarding {
                    try batch.round(checkCancellation: { try members[$0]?.token.checkCancellation() }, onEvent: { report($0) })
                }
                work.set(preempted: batch.preemptions, passes: batch.passes, decodedTokens: batch.decodedTokens)
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

    private func report(_ event: BatchEvent<Batch>) {
        switch event {
        case .news(let ticket, let news):
            guard let member = members[ticket] else { return }
            if let phase = Batch.phase(of: news, after: member.first), phase != member.phase {
                members[ticket]?.watch.lap(member.phase)
                members[ticket]?.phase = phase
            }
            member.onNews(news)
        case .done(let ticket, let result):
            guard var member = members.removeValue(forKey: ticket) else { return }
            member.watch.lap(member.phase)
            member.result.resume(returning: (result, member.watch.timings))
        case .failed(let ticket, let error):
            DeviceLoss.check(error)
            members.removeValue(forKey: ticket)?.result.resume(throwing: error)
        }
    }
}
