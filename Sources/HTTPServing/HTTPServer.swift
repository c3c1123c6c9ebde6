import Foundation
import HTTPTypes
package import HummingbirdCore
package import Logging
import NIOCore
import NIOHTTP1
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
    private let isInherited: Bool
    private let answer: Answer
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let tls: ServerTLS?
    private let idleLimit: TimeAmount
    private let connectionAge: @Sendable () -> Duration?
    private let logger: Logger
    private let state: Mutex<State>

    private struct State {
        /// Listens at the address already, and is used for the first opening.
        var inherited: Int32?
        /// The port that was opened at the start; nil before.
        var port: Int?
        var problem: String?
        var listener: HTTPListener?
        var isEnding = false
    }

    /// - Parameters:
    ///   - host: a name or an address of this machine.
    ///   - port: 0: one that the system chooses.
    ///   - inherited: descriptor of a socket that is bound to the address and that somebody else holds open; nil: one is bound here.
    ///   - tls: nil: whoever is on the way may read along.
    ///   - idleLimit: a connection on which nothing comes for this long, half a request included, is closed.
    ///   - connectionAge: how old a new connection may become: the first request after it is its last. Nil: any age.
    ///   - onListening: called with the port in use, each time that the address is opened.
    package init(
        host: String, port: Int, inherited: Int32? = nil, tls: ServerTLS? = nil,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        idleLimit: Duration = .seconds(10), connectionAge: @escaping @Sendable () -> Duration? = { nil },
        logger: Logger, answer: @escaping Answer
    ) throws(HTTPServerError) {
        guard (0...65535).contains(port) else { throw HTTPServerError(.invalidAddress, "port \(port) is not 0 to 65535") }
        self.host = host
        self.port = port
        self.answer = answer
        self.onListening = onListening
        self.tls = tls
        self.idleLimit = TimeAmount(idleLimit)
        self.connectionAge = connectionAge
        self.logger = logger
        isInherited = inherited != nil
        state = Mutex(State(inherited: inherited))
    }

    /// Why nothing listens at the address; nil while it is open, and before it was.
    public var problem: String? { state.withLock { $0.problem } }

    /// Where it listens; nil before it does.
    public var listeningPort: Int? { state.withLock { $0.port } }

    /// Serves until its service group shuts down; then takes no new connections, answers what was asked, and returns.
    /// - Throws: ``HTTPServerError`` when the address can't be opened at the start.
    public func run() async throws {
        var pause = Duration.milliseconds(100)
        while !isEnding {
            let reason: HTTPServerError
            do {
                try await listen()
                reason = HTTPServerError(.socket, "\(host):\(port) is not listened at any more")
            } catch {
                reason = failure(error)
            }
            if isEnding { return }
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

    /// Where somebody else holds the socket open, takes no new connections from now on, answers what was asked, and has ``run()`` return: who
    /// connects now waits in that socket for the next process, while this one ends. Where nobody does, nothing changes.
    public func handOver() {
        guard isInherited else { return }
        let listener = state.withLock { state in
            state.isEnding = true
            return state.listener
        }
        listener?.end()
    }

    private var isEnding: Bool { Task.isShuttingDownGracefully || Task.isCancelled || state.withLock { $0.isEnding } }

    private func listen() async throws {
        let connection = Connection(tls: tls, idleLimit: idleLimit, age: connectionAge, responder: respond)
        let listener = HTTPListener(connection: connection, logger: logger)
        let place: HTTPListener.Place = state.withLock { state in
            defer { (state.inherited, state.listener) = (nil, listener) }
            return if let inherited = state.inherited { .descriptor(inherited) } else { .address(host: host, port: state.port ?? port) }
        }
        try await listener.run(at: place) { [self] opened in
            state.withLock { ($0.port, $0.problem) = (opened ?? port, nil) }
            await onListening(opened ?? port)
        }
    }

    @Sendable private func respond(to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        var response = await answer(request, Peer(channel)) ?? Response(status: .notFound)
        // A client of HEAD takes what follows the head for its next response.
        if request.method == .head { response = response.createHeadResponse() }
        response.headers[.date] = HTTPDate.text(time(nil))
        do {
            try await writer.write(response: response.head, body: response.body)
        } catch is HTTPParserError {
            // As it is, it would be answered once more.
            throw HTTPServerError(.socket, "the request became unreadable while it was answered")
        }
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
