import Foundation
package import HTTPTypes

/// Which pages in browsers may call the API: those that the server itself serves, and those of the origins that its operator names (CORS).
///
/// A browser sends some requests of any page without asking, a form for example. The page does not see the answer, but the work would be
/// done; so a request that names a foreign origin is refused.
public struct CrossOrigin: Sendable, Hashable {
    /// As browsers write them: `https://example.org`, with the port where it is not the scheme's own.
    let origins: Set<String>

    /// How long browsers keep the answer to a preflight request, in seconds.
    private static let preflightAge = 600

    public init(_ origins: Set<String> = []) { self.origins = origins }

    /// Whether a text is an origin as browsers write it.
    public static func isOrigin(_ text: String) -> Bool {
        text.wholeMatch(of: /https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?/) != nil
    }

    /// - Parameters:
    ///   - origin: of the page, as the request's header says; nil: no page.
    ///   - authority: that the request was sent to.
    /// - Throws: 403 for a page that may not call.
    package func check(origin: String?, authority: String?) throws(APIError) {
        guard let origin, !isOwn(origin, authority), !origins.contains(origin) else { return }
        throw APIError(
            403, "insufficient_permissions", "pages of the origin \(origin.prefix(128)) may not call; the server's --cors-origin names those that may"
        )
    }

    /// The page came from where it calls.
    private func isOwn(_ origin: String, _ authority: String?) -> Bool {
        guard let authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }

    /// What an answer tells the browser of a page of a named origin.
    package func headers(origin: String?) -> HTTPFields {
        guard let origin, origins.contains(origin) else { return [:] }
        return [
            .accessControlAllowOrigin: origin, .vary: "Origin",
            .accessControlExposeHeaders: "x-request-id, retry-after, retry-after-ms, x-should-retry, glm-without-effect, idempotent-replayed",
        ]
    }

    /// What answers the question that browsers ask before a request that is none of a form; nil: it is no such question, or no origin is named.
    package func preflight(_ method: HTTPRequest.Method, _ headers: HTTPFields) -> HTTPFields? {
        guard method == .options, !origins.isEmpty, headers[.accessControlRequestMethod] != nil else { return nil }
        return [
            .accessControlAllowMethods: "GET, POST",
            .accessControlAllowHeaders: Self.allowed(headers[.accessControlRequestHeaders] ?? ""), .accessControlMaxAge: "\(Self.preflightAge)",
        ]
    }

    /// Of the headers that a page wants to send, those that the API knows. OpenAI's library has many of one beginning.
    private static func allowed(_ wanted: String) -> String {
        let known: Set<String> = ["authorization", "content-type", "idempotency-key", "x-request-id", "traceparent", "tracestate"]
        return wanted.split(separator: ",").prefix(64).map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            .filter { known.contains($0) || $0.wholeMatch(of: /x-stainless-[a-z-]{1,32}/) != nil }.joined(separator: ", ")
    }
}
