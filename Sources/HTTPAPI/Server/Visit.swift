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
    /// - Parameters:
    ///   - fields: of the body.
    ///   - isStream: a stream is told once, and has no use for an `Idempotency-Key`.
    func headers(withoutEffect fields: [String], isStream: Bool) -> HTTPFields {
        let names = fields + (isStream && idempotencyKey != nil ? ["Idempotency-Key"] : [])
        return names.isEmpty ? [:] : [.withoutEffect: names.joined(separator: ", ")]
    }

    var idempotencyKey: String? { request.headers[.idempotencyKey] }

    /// What the gateway gets to know of a call.
    /// - Parameters:
    ///   - index: of the gateway's requests that belong to the same HTTP request; nil: there is one alone.
    ///   - isStream: its client waits as long as it hears something.
    func call(_ index: Int? = nil, isStream: Bool = false) -> ServerCall {
        ServerCall(
            requestID: index.map { "\(id)-\($0)" } ?? id, timeout: isStream ? nil : timeout,
            method: "\(request.method.rawValue) \(request.uri.path)", caller: caller)
    }

    /// What the client will wait for a plain answer, where its library is known to give up. One with an `Idempotency-Key` may come back.
    private var timeout: Duration? {
        if idempotencyKey != nil { return nil }
        // Node gives up after 300 s without the head of an answer, whatever its caller says.
        let node = header("x-stainless-lang") == "js" ? 300.0 : nil
        let told = (header("x-stainless-read-timeout") ?? header("x-stainless-timeout")).flatMap { Double($0) }
        guard let seconds = [node, told].compactMap(\.self).min(), seconds > 0, seconds < 86_400 else { return nil }
        return .seconds(seconds)
    }

    private func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("x-request-id")!
    static let idempotencyKey = HTTPField.Name("idempotency-key")!
    static let idempotentReplayed = HTTPField.Name("idempotent-replayed")!
    static let processingTime = HTTPField.Name("openai-processing-ms")!
    static let withoutEffect = HTTPField.Name("glm-without-effect")!
}
