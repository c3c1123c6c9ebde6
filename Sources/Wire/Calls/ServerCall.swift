public import GRPCCore

/// What a handler gets to know of a call beside its message.
public struct ServerCall: Sendable {
    /// In the log lines of all processes that work on a request: the caller's, or one of our own.
    public let requestID: String
    /// What the caller is willing to wait; nil: as long as it takes.
    public let timeout: Duration?
    public let method: String
    public var caller: Caller

    public init(requestID: String, timeout: Duration? = nil, method: String, caller: Caller = .none) {
        self.requestID = requestID
        self.timeout = timeout
        self.method = method
        self.caller = caller
    }

    /// What the call's metadata says.
    public init(metadata: Metadata, method: String) {
        let given = metadata[stringValues: RequestID.key].first { _ in true }
        self.init(
            requestID: given.flatMap(RequestID.accept) ?? RequestID.make(),
            timeout: metadata[stringValues: "grpc-timeout"].first { _ in true }.flatMap(Duration.init(grpcTimeout:)), method: method,
            caller: Caller(metadata: metadata))
    }

    /// Writes the request's name and its caller into metadata, for whoever reads it next.
    public func mark(_ metadata: inout Metadata) {
        metadata.replaceOrAddString(requestID, forKey: RequestID.key)
        metadata.replaceOrAddString(caller.encoded, forKey: Caller.key)
    }
}

/// The name of a request in logs; travels as the metadata `glm-request-id`.
public enum RequestID {
    package static let key = "glm-request-id"

    /// 16 hexadecimal digits.
    public static func make() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The caller's own, unless it would spoil the log.
    public static func accept(_ id: String) -> String? {
        let fits = id.utf8.count <= 64 && id.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        return fits && !id.isEmpty ? id : nil
    }
}

extension Duration {
    /// gRPC's header: up to eight digits and one of `H M S m u n`.
    init?(grpcTimeout text: String) {
        guard let unit = text.last, let value = Int64(text.dropLast()), value >= 0, value < 100_000_000 else { return nil }
        switch unit {
        case "H": self = .seconds(value * 3600)
        case "M": self = .seconds(value * 60)
        case "S": self = .seconds(value)
        case "m": self = .milliseconds(value)
        case "u": self = .microseconds(value)
        case "n": self = .nanoseconds(value)
        default: return nil
        }
    }
}
