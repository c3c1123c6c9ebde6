import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore

/// Answers over HTTP what is counted and whether the process is well: `/metrics`, `/health/live`, `/health/ready`.
public struct TelemetryAnswers: Sendable {
    /// The answer to a health question.
    public enum Health: Sendable, Hashable {
        /// 200
        case well
        /// 503, with the reason.
        case unwell(String)
    }

    private let registry: MetricsRegistry
    private let collect: @Sendable () async -> [Sample]
    private let live: @Sendable () async -> Health
    private let ready: @Sendable () async -> Health

    /// - Parameters:
    ///   - collect: read anew for every answer to `/metrics`.
    ///   - live: unwell: the process should be restarted.
    ///   - ready: unwell: no work should be sent here now.
    public init(
        registry: MetricsRegistry, collect: @escaping @Sendable () async -> [Sample] = { [] },
        live: @escaping @Sendable () async -> Health = { .well }, ready: @escaping @Sendable () async -> Health
    ) {
        self.registry = registry
        self.collect = collect
        self.live = live
        self.ready = ready
    }

    /// Whether a request is for metrics, which show more than strangers may see.
    package static func isForMetrics(_ request: Request) -> Bool { request.uri.path == "/metrics" }

    /// - Returns: nil: the request is for something else.
    package func respond(to request: Request) async -> Response? {
        guard request.method == .get || request.method == .head else { return nil }
        switch request.uri.path {
        case "/metrics": return Self.response(.ok, Exposition.mediaType, registry.text(await collect()))
        case "/health/live": return Self.response(await live())
        case "/health/ready": return Self.response(await ready())
        default: return nil
        }
    }

    private static func response(_ health: Health) -> Response {
        var answer: [String: String]
        switch health {
        case .well: answer = ["status": "ok"]
        case .unwell(let reason): answer = ["status": "unavailable", "reason": reason]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(answer)) ?? Data()
        return response(health == .well ? .ok : .serviceUnavailable, "application/json", String(decoding: body, as: UTF8.self) + "\n")
    }

    private static func response(_ status: HTTPResponse.Status, _ type: String, _ body: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"], body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
