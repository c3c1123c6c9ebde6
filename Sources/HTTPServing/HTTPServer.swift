import Foundation
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization
package import TLS

/// The HTTP server of a process: listening, its limits, and who is at the other end. What is answered is told by others.
///
/// An address that can't be had at the start is an error. One that is lost later is opened again: a process that does its work
/// does not end because nobody can ask it over HTTP, but ``problem`` says so meanwhile.
public final class HTTPServer: Service, Sendable {
    /// Answers a request; nil: there is nothing at its path.
    package typealias Answer = @Sendable (_ request: Request, _ peer: Peer) async -> Response?

    private let host: String
    private let port: Int
    private let answer: Answer
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let tls: ServerTLS?
    private let idleLimit: TimeAmount
    private let logger: Logger
    private let state = Mutex(State())

    /// Connections at a time; more wait in the kernel's queue.
    private static let connectionLimit = 1024

    private struct State {
        /// The port that was opened at the start; nil before.
        var port: Int?
        var problem: String?
    }

    /// - Parameters:
    ///   - host: a name or an address of this machine.
    ///   - port: 0: one that the system chooses.
    ///   - tls: nil: whoever is on the way may read along.
    ///   - idleLimit: a connection on which nothing comes for this long, half a request included, is closed.
    ///   - onListening: called with the port in use, each time that the address is opened.
    package init(
        host: String, port: Int, tls: ServerTLS? = nil, onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        idleLimit: Duration = .seconds(10),
        logger: Logger, answer: @escaping Answer
    ) throws(HTTPServerError) {
        guard (0...65535).contains(port) else { throw HTTPServerError(.invalidAddress, "port \(port) is not 0 to 65535") }
        self.host = host
        self.port = port
        self.answer = answer
        self.onListening = onListening
        self.tls = tls
        self.idleLimit = TimeAmount(idleLimit)
        self.logger = logger
    }

    /// Why nothing listens at the address; nil while it is open, and before it was.
    public var problem: String? { state.withLock { $0.problem } }

    /// Where it listens; nil before it does.
    public var listeningPort: Int? { state.withLock { $0.port } }

    /// Serves until its service group shuts down; then takes no new connections, answers what was asked, and returns.
    /// - Throws: ``HTTPServerError`` when the address can't be opened at the start.
    public func run() async throws {
        var pause = Duration.milliseconds(100)
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let reason: HTTPServerError
            do {
                try await listen()
                reason = HTTPServerError(.socket, "\(host):\(port) is not listened at any more")
            } catch {
                reason = failure(error)
            }
            if Task.isShuttingDownGracefully || Task.isCancelled { return }
            let wasOpen = try state.withLock { state in
                guard state.port != nil else { throw reason }
                defer { state.problem = reason.message }
                return state.problem == nil
            }
            if wasOpen {
                pause = .milliseconds(100)
                logger.error("HTTP address was lost; it is opened again", metadata: ["address": "\(host):\(port)", "problem": "\(reason)"])
            }
            try? await cancelWhenGracefulShutdown { [pause] in try await Task.sleep(for: pause) }
            pause = min(pause * 2, .seconds(5))
        }
    }

    private func listen() async throws {
        let port = state.withLock { $0.port } ?? port
        let application = Application(
            responder: Responder(answer: answer),
            server: HTTPServerBuilder { [tls, idleLimit] in Connection(tls: tls, idleLimit: idleLimit, responder: $0) },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit)),
            onServerRunning: { [self] channel in
                let opened = channel.localAddress?.port ?? port
                state.withLock { $0 = State(port: opened, problem: nil) }
                await onListening(opened)
            }, logger: logger)
        try await application.run()
    }

    private func failure(_ error: any Error) -> HTTPServerError {
        let address = "\(host):\(port)"
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE:
            return HTTPServerError(
                .inUse, "another process listens at \(address); choose another port, or end that process (ss -ltnp 'sport = :\(port)' names it)")
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            return HTTPServerError(.invalidAddress, "host \(host) is not known")
        default:
            return HTTPServerError(.socket, "can't listen at \(address): \(error)")
        }
    }
}

/// What is known of a request beside itself: its connection.
private struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

private struct Responder: HTTPResponder {
    let answer: HTTPServer.Answer

    func respond(to request: Request, context: Context) async throws -> Response {
        let response = await answer(request, Peer(context.channel)) ?? Response(status: .notFound)
        // A client of HEAD takes what follows the head for its next response.
        return request.method == .head ? response.createHeadResponse() : response
    }
}
