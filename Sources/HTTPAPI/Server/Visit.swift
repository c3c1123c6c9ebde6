import Hummingbird
import HTTPTypes
import HTTPServing
import Wire

/// One request, and who makes it.
struct Visit: Sendable {
    let request: Request
    let id: String
    let peer: Peer
    let caller: Caller

    /// The header that names what was accepted and has no effect.
    /// - Parameter fields: of the body.
    func headers(withoutEffect fields: [String]) -> HTTPFields {
        let names = fields + (request.headers.contains(.idempotencyKey) ? ["Idempotency-Key"] : [])
        return names.isEmpty ? [:] : [.withoutEffect: names.joined(separator: ", ")]
    }

    /// What the gateway gets to know of a call.
    /// - Parameter index: of the gateway's requests that belong to the same HTTP request; nil: there is one alone.
    func call(_ index: Int? = nil) -> ServerCall {
        ServerCall(
            requestID: index.map { "\(id)-\($0)" } ?? id, timeout: timeout, method: "\(request.method.rawValue) \(request.uri.path)", caller: caller)
    }

    /// What the client will wait for a plain answer, where its library says so.
    private var timeout: Duration? {
        for name in ["x-stainless-read-timeout", "x-stainless-timeout"] {
            guard let text = HTTPField.Name(name).flatMap({ request.headers[$0] }), let seconds = Double(text) else { continue }
            guard seconds > 0, seconds < 86_400 else { return nil }
            return .seconds(seconds)
        }
        return nil
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("x-request-id")!
    static let idempotencyKey = HTTPField.Name("idempotency-key")!
    static let withoutEffect = HTTPField.Name("glm-without-effect")!
}
