public import Logging
public import ServiceLifecycle

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

    private let group: ServiceGroup

    /// - Parameters:
    ///   - parts: in the order in which they depend on each other; they are started together.
    ///   - server: what signals and the end of the group drain.
    ///   - body: runs the server; see ``StageServer/run(_:load:)``.
    public init(_ parts: [Part] = [], server: StageServer, _ body: @escaping @Sendable () async throws -> Void) {
        let signals = TerminationSignals { server.beginDrain() }
        // Signals first: a second one must still be heard while all others end.
        let services: [any ServiceLifecycle.Service] = [signals] + parts + [Part("server", logger: server.logger, body)]
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: server.logger))
    }

    /// Runs until the server has ended, or a part has failed; then ends the others.
    /// - Throws: the error of the part that failed first.
    public func run() async throws { try await group.run() }
}

/// Runs `body` in a task that is cancelled when the process's parts are told to end.
public func untilShutdown(_ body: @escaping @Sendable () async throws -> Void) async throws {
    do {
        try await cancelWhenGracefulShutdown(body)
    } catch is CancellationError where Task.isShuttingDownGracefully {
        // It was told to end, and did.
    }
}
