import GRPCCore
import Synchronization
public import Wire

/// The door to the device: lets calls through one after the other, keeps the rest waiting or turns them away, and ends
/// the work of a caller that has left.
public final class WorkGate: Sendable {
    private struct Entry {
        let token: WorkToken
        var turn: CheckedContinuation<Void, any Error>?
    }

    private struct State {
        var admission: Admission
        var phase = StageState.starting
        var entries: [Admission.Ticket: Entry] = [:]
        var duration: Duration = .seconds(1)
        var onIdle: (@Sendable () -> Void)?
        var watchers: [Int: AsyncStream<StageLoad>.Continuation] = [:]
        var lastWatcher = 0

        var load: StageLoad { StageLoad(running: admission.running.count, queued: admission.waiting.count) }

        func tellLoad() { for watcher in watchers.values { watcher.yield(load) } }

        func checkServes() throws(CallError) {
            switch phase {
            case .serving: break
            case .draining: throw CallError(.unavailable, "draining: the process takes no new work", retryAfter: .milliseconds(200))
            default: throw CallError(.unavailable, "starting: the model is being loaded", retryAfter: .milliseconds(200))
            }
        }
    }

    private let state: Mutex<State>
    let progress = ProgressCounter()

    public init(capacity: Int = 1, queueCapacity: Int) {
        state = Mutex(State(admission: Admission(capacity: capacity, queueCapacity: queueCapacity)))
    }

    /// - Throws: why no work is let in: UNAVAILABLE, while the process starts or drains.
    package func checkServes() throws { try state.withLock { try $0.checkServes() } }

    public var phase: StageState { state.withLock { $0.phase } }
    /// Requests being computed, and waiting.
    public var load: StageLoad { state.withLock(\.load) }
    public var queueCapacity: Int { state.withLock { $0.admission.queueCapacity } }
    /// Requests computed at the same time.
    public var capacity: Int { state.withLock { $0.admission.capacity } }

    /// The load now and after every change; of several changes that nobody has read, only the last.
    package func loads() -> AsyncStream<StageLoad> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let id = state.withLock { state in
                state.lastWatcher += 1
                state.watchers[state.lastWatcher] = continuation
                continuation.yield(state.load)
                return state.lastWatcher
            }
            continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) } }
        }
    }

    /// Runs `body` when it is the call's turn.
    ///
    /// Throws ``CallError`` without running it: UNAVAILABLE while the process starts or drains, RESOURCE_EXHAUSTED with a hint
    /// when to retry while the queue is full, CANCELLED when the caller leaves the queue. The token tells `body` to stop.
    public func work<R: Sendable>(_ call: ServerCall, _ body: (WorkToken) async throws -> R) async throws -> R {
        let token = WorkToken(deadline: call.timeout.map { .now + $0 }, progress: progress)
        let ticket = try enter(token)
        defer { leave(ticket) }
        return try await withRPCCancellationHandler {
            try await withTaskCancellationHandler {
                try await turn(of: ticket)
                try token.checkCancellation()
                let start = ContinuousClock.now
                let result = try await body(token)
                learn(ContinuousClock.now - start)
                return result
            } onCancel: {
                cancel(ticket, .callerLeft)
            }
        } onCancelRPC: {
            self.cancel(ticket, .callerLeft)
        }
    }

    /// The model is loaded: work is let in, unless the process drains already.
    package func open() -> Bool {
        state.withLock { state in
            if state.phase == .starting { state.phase = .serving }
            return state.phase == .serving
        }
    }

    /// No more work is let in. Calls `onIdle` once, when the last call that was let in has left.
    /// - Returns: the calls still in flight.
    package func close(onIdle: @escaping @Sendable () -> Void) -> Int {
        let (inFlight, idle) = state.withLock { state in
            state.phase = .draining
            if !state.admission.isIdle { state.onIdle = onIdle }
            return (state.entries.count, state.admission.isIdle)
        }
        if idle { onIdle() }
        return inFlight
    }

    /// Tells all work to stop.
    package func cancelAll() {
        for ticket in state.withLock({ Array($0.entries.keys) }) { cancel(ticket, .drainDeadline) }
    }

    private func enter(_ token: WorkToken) throws -> Admission.Ticket {
        try state.withLock { state in
            try state.checkServes()
            switch state.admission.arrive() {
            case .run(let ticket), .wait(let ticket, _):
                state.entries[ticket] = Entry(token: token)
                state.tellLoad()
                return ticket
            case .refuse:
                let queue = state.admission.queueCapacity
                throw CallError(
                    .resourceExhausted, "busy: \(state.admission.capacity) computed and \(queue) waiting, at most \(queue) may wait",
                    retryAfter: state.duration)
            }
        }
    }

    private func turn(of ticket: Admission.Ticket) async throws {
        try await withCheckedThrowingContinuation { (turn: CheckedContinuation<Void, any Error>) in
            let outcome: Result<Void, any Error>? = state.withLock { state in
                if let failure = state.entries[ticket]?.token.failure { return .failure(failure) }
                if state.admission.running.contains(ticket) { return .success(()) }
                state.entries[ticket]?.turn = turn
                return nil
            }
            if let outcome { turn.resume(with: outcome) }
        }
    }

    private func cancel(_ ticket: Admission.Ticket, _ reason: WorkToken.Reason) {
        let (turn, failure) = state.withLock { state -> (CheckedContinuation<Void, any Error>?, CallError?) in
            guard let entry = state.entries[ticket] else { return (nil, nil) }
            entry.token.cancel(reason)
            state.entries[ticket]?.turn = nil
            return (entry.turn, entry.token.failure)
        }
        if let turn, let failure { turn.resume(throwing: failure) }
    }

    private func leave(_ ticket: Admission.Ticket) {
        let (turn, onIdle) = state.withLock { state -> (CheckedContinuation<Void, any Error>?, (@Sendable () -> Void)?) in
            let next = state.admission.leave(ticket)
            state.entries[ticket] = nil
            state.tellLoad()
            var turn: CheckedContinuation<Void, any Error>?
            if let next {
                turn = state.entries[next]?.turn
                state.entries[next]?.turn = nil
            }
            guard state.admission.isIdle else { return (turn, nil) }
            defer { state.onIdle = nil }
            return (turn, state.onIdle)
        }
        turn?.resume()
        onIdle?()
    }

    /// A moving mean of how long work takes: the hint for those who are turned away.
    private func learn(_ duration: Duration) {
        state.withLock { $0.duration = ($0.duration * 3 + duration) / 4 }
    }
}
