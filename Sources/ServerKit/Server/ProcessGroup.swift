public import Logging
public import ServiceLifecycle
import Synchronization
import Wire

/// The long-lived parts of one process: they live and end together.
///
/// The server comes last, so it ends first: it drains, then the parts behind it end, in reverse order. A part that fails ends
/// all others in the same order, and its error is the process's.
public struct ProcessGroup: Sendable {
    /// One part with its name for the log.
    public struct Part: ServiceLifecycle.Service {
        let name: String
        let logger: Logger
        let body: @Sendable () async throws -> Void

        public init(_ name: String, logger: Logger, _ body: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.logger = logger
            self.body = body
        }

        public func run() async throws {
            do {
                try await body()
            } catch {
                logger.error("part of the process failed", metadata: ["part": "\(name)", "problem": "\(error)"])
                throw error
            }
        }
    }

    /// What the other parts get to end after the server has: the gateway's for its stages, which have nothing in flight any more.
    private static let partsGrace = Duration.seconds(15)
    /// The same once a second signal has come.
    private static let abortGrace = Duration.seconds(1)

    private let group: ServiceGroup
    private let ends: AsyncThrowingStream<Never, any Error>
    private let end: AsyncThrowingStream<Never, any Error>.Continuation

    /// - Parameters:
    ///   - parts: in the order in which they depend on each other; they are started together.
    ///   - server: what signals and the end of the group drain.
    ///   - body: runs the server; see ``StageServer/run(_:load:)``.
    public init(_ parts: [Part] = [], server: StageServer, _ body: @escaping @Sendable () async throws -> Void) {
        let (ends, end) = AsyncThrowingStream<Never, any Error>.makeStream()
        let count = Atomic(0)
        let signals = TerminationSignals {
            server.hearSignal()
            guard count.add(1, ordering: .relaxed).newValue > 1 else { return }
            Self.after(Self.abortGrace) { end.finish() }
        }
        let main = Part("server", logger: server.logger) {
            defer {
                Self.after(Self.partsGrace) {
                    end.finish(throwing: ServerKitError(.stuck, "parts of the process have not ended within \(Self.partsGrace.inSeconds) s"))
                }
            }
            try await body()
        }
        // Signals first: a second one must still be heard while all others end.
        let services: [any ServiceLifecycle.Service] = [signals] + parts + [main]
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: server.logger))
        (self.ends, self.end) = (ends, end)
    }

    /// Runs until the server has ended, or a part has failed; then ends the others. A part that does not end is left behind.
    /// - Throws: the error of the part that failed first.
    public func run() async throws {
        let running = Task {
            do {
                try await group.run()
                end.finish()
            } catch {
                end.finish(throwing: error)
            }
        }
        // In a task of its own: one that is cancelled would leave before the parts have ended.
        let ending = Task { for try await _ in ends {} }
        try await withTaskCancellationHandler {
            try await ending.value
        } onCancel: {
            running.cancel()
        }
    }

    private static func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
        Task {
            try? await Task.sleep(for: delay)
            body()
        }
    }
}

/// Runs `body` in a task that is cancelled when the process's parts are told to end.
public func untilShutdown(_ body: @escaping @Sendable () async throws -> Void) async throws {
    do {
        try await cancelWhenGracefulShutdown(body)
    } catch is CancellationError where Task.isShuttingDownGracefully {
        // It was told to end, and did.
    }
}
