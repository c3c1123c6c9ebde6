import Foundation
package import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

/// The HTTP server of a process. It answers what is counted and whether the process is well (`/metrics`, `/health/live`, `/health/ready`), and hands
/// on what else is asked for.
///
/// An address that can't be had at the start is an error. One that is lost later is opened again: a process that does its work
/// does not end because nobody can read its metrics, but ``problem`` says so meanwhile.
public final class TelemetryServer: Service, Sendable {
    /// The answer to a health question.
    public enum Health: Sendable, Hashable {
        /// 200
        case well
        /// 503, with the reason.
        case unwell(String)
    }

    /// Answers what is neither a metric nor a question of health.
    package typealias Other = @Sendable (_ request: Request, _ peer: Peer) async -> Response

    /// Why a request for metrics is refused; nil: it may go on.
    package typealias Admit = @Sendable (_ request: Request, _ peer: Peer) async -> Response?

    private let host: String
    private let port: Int
    private let registry: MetricsRegistry
    private let collect: @Sendable () async -> [Sample]
    private let live: @Sendable () async -> Health
    private let ready: @Sendable () async -> Health
    private let admit: Admit
    private let other: Other?
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let idleLimit: TimeAmount
    private let logger: Logger
    private let state = Mutex(State())

    /// Connections at a time; more wait in the kernel's queue.
    private static let connectionLimit = 1024
    /// Bytes of all headers of a request, and their number.
    private static let headerLimits = HTTP1Channel.Configuration.DecoderConfiguration(
        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)

    private struct State {
        /// The port that was opened at the start; nil before.
        var port: Int?
        var problem: String?
    }

    /// - Parameters:
    ///   - host: a name or an address of this machine.
    ///   - port: 0: one that the system chooses.
    ///   - collect: read anew for every answer to `/metrics`.
    ///   - live: unwell: the process should be restarted.
    ///   - ready: unwell: no work should be sent here now.
    ///   - admit: asked before each answer to `/metrics`.
    ///   - other: nil: all else is not found.
    ///   - idleLimit: a connection on which nothing comes for this long, half a request included, is closed.
    ///   - onListening: called with the port in use, each time that the address is opened.
    package init(
        host: String, port: Int, registry: MetricsRegistry, collect: @escaping @Sendable () async -> [Sample] = { [] },
        live: @escaping @Sendable () async -> Health = { .well }, ready: @escaping @Sendable () async -> Health,
        admit: @escaping Admit = { _, _ in nil }, other: Other? = nil,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }, idleLimit: Duration = .seconds(10), logger: Logger
    ) throws(TelemetryError) {
        guard (0...65535).contains(port) else { throw TelemetryError(.invalidAddress, "port \(port) is not 0 to 65535") }
        self.host = host
        self.port = port
        self.registry = registry
        self.collect = collect
        self.live = live
        self.ready = ready
        self.admit = admit
        self.other = other
        self.onListening = onListening
        self.idleLimit = TimeAmount(idleLimit)
        self.logger = logger
    }

    /// Why nothing listens at the address; nil while it is open, and before it was.
    public var problem: String? { state.withLock { $0.problem } }

    /// Serves until its service group shuts down; then takes no new connections, answers what was asked, and returns.
    /// - Throws: ``TelemetryError`` when the address can't be opened at the start.
    public func run() async throws {
        var pause = Duration.milliseconds(100)
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let reason: TelemetryError
            do {
                try await listen()
                reason = TelemetryError(.socket, "\(host):\(port) is not listened at any more")
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
            responder: Responder(telemetry: router.buildResponder(), admit: admit, other: other),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [HeadGuard.Installer(), Departure()], idleTimeout: idleLimit,
                    httpDecoderConfiguration: Self.headerLimits)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit)),
            onServerRunning: { [self] channel in
                let opened = channel.localAddress?.port ?? port
                state.withLock { $0 = State(port: opened, problem: nil) }
                await onListening(opened)
            }, logger: logger)
        try await application.run()
    }

    private var router: Router<Context> {
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.get("metrics") { [registry, collect] _, _ in
            Response(
                status: .ok, headers: [.contentType: Exposition.mediaType, .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.text(await collect()))))
        }
        router.get("health/live") { [live] _, _ in try Self.response(await live()) }
        router.get("health/ready") { [ready] _, _ in try Self.response(await ready()) }
        return router
    }

    private static func response(_ health: Health) throws -> Response {
        var answer: [String: String]
        switch health {
        case .well: answer = ["status": "ok"]
        case .unwell(let reason): answer = ["status": "unavailable", "reason": reason]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = try encoder.encode(answer) + Data("\n".utf8)
        return Response(
            status: health == .well ? .ok : .serviceUnavailable, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private func failure(_ error: any Error) -> TelemetryError {
        let address = "\(host):\(port)"
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE:
            return TelemetryError(
                .inUse, "another process listens at \(address); choose another port, or end that process (ss -ltnp 'sport = :\(port)' names it)")
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            return TelemetryError(.invalidAddress, "host \(host) is not known")
        default:
            return TelemetryError(.socket, "can't listen at \(address): \(error)")
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

private struct Responder<Telemetry: HTTPResponder>: HTTPResponder where Telemetry.Context == Context {
    let telemetry: Telemetry
    let admit: TelemetryServer.Admit
    let other: TelemetryServer.Other?

    func respond(to request: Request, context: Context) async throws -> Response {
        let path = request.uri.path
        if let other, path != "/metrics", !path.hasPrefix("/health/") { return await other(request, Peer(context.channel)) }
        if !path.hasPrefix("/health/"), let refusal = await admit(request, Peer(context.channel)) { return refusal }
        return try await telemetry.respond(to: request, context: context)
    }
}
