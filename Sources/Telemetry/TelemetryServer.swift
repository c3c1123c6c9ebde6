import Foundation
import Hummingbird
public import Logging
import NIOCore
import ServiceLifecycle

/// Tells over HTTP what is counted and whether the process is well: `/metrics`, `/health/live` and `/health/ready`.
public struct TelemetryServer: Sendable {
    /// The answer to a health question.
    public enum Health: Sendable, Hashable {
        /// 200
        case well
        /// 503, with the reason.
        case unwell(String)
    }

    private let host: String
    private let port: Int
    private let registry: MetricsRegistry
    private let collect: @Sendable () async -> [Sample]
    private let live: @Sendable () async -> Health
    private let ready: @Sendable () async -> Health
    private let logger: Logger

    /// - Parameters:
    ///   - host: a name or an address of this machine.
    ///   - port: 0: one that the system chooses.
    ///   - collect: read anew for every answer to `/metrics`.
    ///   - live: unwell: the process should be restarted.
    ///   - ready: unwell: no work should be sent here now.
    public init(
        host: String, port: Int, registry: MetricsRegistry, collect: @escaping @Sendable () async -> [Sample] = { [] },
        live: @escaping @Sendable () async -> Health = { .well }, ready: @escaping @Sendable () async -> Health, logger: Logger
    ) throws(TelemetryError) {
        guard (0...65535).contains(port) else { throw TelemetryError(.invalidAddress, "port \(port) is not 0 to 65535") }
        self.host = host
        self.port = port
        self.registry = registry
        self.collect = collect
        self.live = live
        self.ready = ready
        self.logger = logger
    }

    /// Serves until the task is cancelled; then takes no new connections, answers what was asked, and returns.
    /// - Parameter onListening: called once, with the port in use.
    public func run(onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }) async throws(TelemetryError) {
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }, logger: logger)
        let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: logger))
        // Not this task's child: cancellation is to end it in order, not at once.
        let serving = Task { try await services.run() }
        do {
            try await withTaskCancellationHandler {
                try await serving.value
            } onCancel: {
                Task { await services.triggerGracefulShutdown() }
            }
        } catch {
            throw failure(error)
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
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
