import Dispatch
package import Jobs

/// A connection that is made when it is needed, and made anew after it broke, with growing pauses. All that it does is done on a thread of its
/// own, one thing after the other.
package final class PostgresConnection: Sendable {
    private let queue = DispatchQueue(label: "postgres")
    private let link: Link

    /// - Parameter prepare: run on each new session before anybody else uses it.
    package init(_ address: PostgresAddress, prepare: @escaping @Sendable (PostgresSession) throws(JobsError) -> Void = { _ in }) {
        link = Link(address: address, prepare: prepare)
    }

    deinit {
        // Behind whatever is still under way.
        queue.async { [link] in link.session = nil }
    }

    /// Runs `body` to its end, also when the task is cancelled. What only others' haste has undone is done again.
    /// - Throws: `storage` when the database can't be reached or does not do it.
    package func run<R: Sendable>(_ body: @escaping @Sendable (PostgresSession) throws(JobsError) -> R) async throws(JobsError) -> R {
        let called = ContinuousClock.now
        let result: Result<R, JobsError> = await withCheckedContinuation { continuation in
            queue.async { [link] in
                continuation.resume(returning: Result { () throws(JobsError) -> R in try link.run(since: called, body) })
            }
        }
        return try result.get()
    }
}

/// What is touched on the thread of the connection alone.
private final class Link: @unchecked Sendable {
    let address: PostgresAddress
    let prepare: @Sendable (PostgresSession) throws(JobsError) -> Void
    var session: PostgresSession?
    private var pauses = Pauses()
    /// Why the last session ended, and when.
    private var loss: (time: ContinuousClock.Instant, error: JobsError)?

    /// Transactions that ran into each other are run again so often.
    private static let tries = 3

    init(address: PostgresAddress, prepare: @escaping @Sendable (PostgresSession) throws(JobsError) -> Void) {
        self.address = address
        self.prepare = prepare
    }

    /// - Parameter called: who has waited here while the connection was lost is told so, and does not wait for the next loss.
    func run<R>(since called: ContinuousClock.Instant, _ body: (PostgresSession) throws(JobsError) -> R) throws(JobsError) -> R {
        if let loss, called < loss.time { throw loss.error }
        var tries = 0
        while true {
            let session = try open()
            do throws(JobsError) {
                return try body(session)
            } catch {
                if session.isBroken {
                    self.session = nil
                    loss = (.now, error)
                }
                tries += 1
                guard session.hasCollided, !session.isBroken, tries < Self.tries else { throw error }
            }
        }
    }

    private func open() throws(JobsError) -> PostgresSession {
        if let session { return session }
        if let error = pauses.refusal(at: .now) { throw error }
        do throws(JobsError) {
            let session = try PostgresSession(address)
            try prepare(session)
            pauses.succeeded()
            self.session = session
            return session
        } catch {
            pauses.failed(error, at: .now)
            loss = (.now, error)
            throw error
        }
    }
}

/// When the next try to connect is due: 0.1 s after the first failure, then twice as long after each, up to 2 s, which leaves time to renew
/// the shortest lease. Before that, whoever wants a
/// connection is told why there is none.
package struct Pauses: Sendable {
    package static let first = Duration.milliseconds(100), longest = Duration.seconds(2)

    private var pause = Self.first
    private var waiting: (until: ContinuousClock.Instant, error: JobsError)?

    package init() {}

    package func refusal(at now: ContinuousClock.Instant) -> JobsError? { waiting.flatMap { now < $0.until ? $0.error : nil } }

    /// Until the next try.
    package func rest(at now: ContinuousClock.Instant) -> Duration { waiting.map { max(.zero, $0.until - now) } ?? .zero }

    package mutating func failed(_ error: JobsError, at now: ContinuousClock.Instant) {
        waiting = (now + pause, error)
        pause = min(pause * 2, Self.longest)
    }

    package mutating func succeeded() { self = Pauses() }
}
