import Domain
import Keys
package import Wire

/// An error as OpenAI's clients read it: a status, and one object with message, type, param and code.
package struct APIError: Error, Sendable, Hashable {
    package var status: Int
    package var code: String
    /// Names the field, the limit and the value; holds no path, no address and no text of a library.
    package var message: String
    /// The field that is wrong; nil: none alone.
    package var param: String?
    /// When it helps to ask again; nil: not said.
    package var retryAfter: Duration?
    /// What clients are told of a retry, whatever the status; nil: they decide by the status.
    package var shouldRetry: Bool?
    /// The methods that are served where another was asked for.
    package var allow: String?

    package init(_ status: Int, _ code: String, _ message: String, param: String? = nil, retryAfter: Duration? = nil, shouldRetry: Bool? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retryAfter = retryAfter
        self.shouldRetry = shouldRetry
    }

    /// A value that is outside what a field may hold.
    static func invalid(_ param: String, _ message: String) -> APIError { APIError(400, "invalid_value", message, param: param) }

    package var type: String { status == 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error" }

    package var body: JSONValue { ["error": .object(object)] }

    var object: [String: JSONValue] {
        ["message": .string(message), "type": .string(type), "param": param.map { .string($0) } ?? .null, "code": .string(code)]
    }

    /// The longest wait that clients honour: what takes longer is said to be no use to ask for again.
    private static let longestRetry = Duration.seconds(60)

    /// `retry-after` and its relatives, and what belongs to the status.
    package var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        var shouldRetry = shouldRetry
        if let allow { headers.append(("allow", allow)) }
        if status == 401 { headers.append(("www-authenticate", "Bearer")) }
        // What of the body was not read is not read any more.
        if status == 413 || status == 408 { headers.append(("connection", "close")) }
        if let retryAfter {
            if retryAfter <= Self.longestRetry {
                let milliseconds = max(1, Int(retryAfter / .milliseconds(1)))
                headers += [("retry-after", "\((milliseconds + 999) / 1000)"), ("retry-after-ms", "\(milliseconds)")]
            } else {
                shouldRetry = false
            }
        }
        if let shouldRetry { headers.append(("x-should-retry", "\(shouldRetry)")) }
        return headers
    }
}

extension APIError {
    /// Fields of the gateway's contract that have another name here.
    private static let names = [
        "steps": "num_inference_steps", "jpeg_quality": "output_compression", "images": "image", "height": "size", "width": "size",
    ]

    /// How the gateway refused or failed a request.
    /// - Parameter fields: of the request; a message that begins with one of them is about it.
    package init(_ error: CallError, fields: Set<String> = []) {
        let first = String(error.message.prefix { $0.isLetter || $0 == "_" })
        let name = Self.names[first] ?? first
        let param = fields.contains(name) ? name : nil
        switch error.status {
        case .invalidArgument: self.init(400, name == "image" ? "invalid_image" : "invalid_value", error.message, param: param)
        case .notFound: self.init(404, "not_found", error.message)
        case .unimplemented: self.init(404, "unknown_url", error.message)
        case .unauthenticated: self.init(401, "invalid_api_key", error.message)
        case .permissionDenied: self.init(403, "insufficient_permissions", error.message)
        case .alreadyExists: self.init(409, "in_progress", error.message, retryAfter: error.retryAfter)
        case .resourceExhausted: self.init(429, "queue_full", error.message, retryAfter: error.retryAfter ?? .seconds(1))
        // A fleet that lacks a model, or has two of which none was named.
        case .failedPrecondition: self.init(404, "model_not_found", error.message, param: fields.contains("model") ? "model" : nil)
        // Refused before any work, by the forecast: a client that hears something waits longer.
        case .deadlineExceeded where error.retryAfter != nil:
            self.init(429, "queue_full", "\(error.message); use stream: true", shouldRetry: false)
        case .deadlineExceeded: self.init(504, "deadline_exceeded", error.message, shouldRetry: false)
        case .unavailable: self.init(503, "unavailable", error.message, retryAfter: error.retryAfter ?? .seconds(1))
        case .aborted: self.init(500, "aborted", error.message, shouldRetry: false)
        default: self.init(500, "internal_error", "the request could not be computed; the log says why, by its id")
        }
    }

    init(_ refusal: UsageRefusal) {
        switch refusal.kind {
        case .rate: self.init(429, "rate_limit_exceeded", refusal.message, retryAfter: refusal.retryAfter)
        // Nobody waits for tomorrow.
        case .quota: self.init(429, "insufficient_quota", refusal.message, shouldRetry: false)
        }
    }

    /// Any failure of the work on a request.
    package init(any error: any Error, fields: Set<String> = []) {
        switch error {
        case let error as APIError: self = error
        case let error as CallError: self.init(error, fields: fields)
        case let error as UsageRefusal: self.init(error)
        case let error as RequestError: self.init(CallError(.invalidArgument, error.message), fields: fields)
        default: self.init(CallError(.internalError, ""))
        }
    }
}
