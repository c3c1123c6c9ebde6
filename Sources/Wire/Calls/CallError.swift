public import GRPCCore

/// How a call failed: the status that crosses the wire, and words for a person.
public struct CallError: Error, Sendable, Hashable, CustomStringConvertible {
    public var status: CallStatus
    /// Names the field, the limit and the value.
    public var message: String
    /// When to retry; on the wire the trailing metadata `retry-after-ms`.
    public var retryAfter: Duration?
    /// A server of ours has said so; false: the connection was lost or not made, or something between has answered. No part of what is compared.
    public internal(set) var wasAnswered = true

    public init(_ status: CallStatus, _ message: String, retryAfter: Duration? = nil) {
        self.status = status
        self.message = message
        self.retryAfter = retryAfter
    }

    public var description: String { "\(status): \(message)" }

    public static func == (a: CallError, b: CallError) -> Bool { a.status == b.status && a.message == b.message && a.retryAfter == b.retryAfter }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(status)
        hasher.combine(message)
        hasher.combine(retryAfter)
    }
}

/// A gRPC status code other than OK; open, because a peer may send any number.
public struct CallStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public var rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let cancelled = CallStatus(rawValue: 1)
    public static let unknown = CallStatus(rawValue: 2)
    public static let invalidArgument = CallStatus(rawValue: 3)
    public static let deadlineExceeded = CallStatus(rawValue: 4)
    public static let notFound = CallStatus(rawValue: 5)
    public static let alreadyExists = CallStatus(rawValue: 6)
    public static let permissionDenied = CallStatus(rawValue: 7)
    public static let resourceExhausted = CallStatus(rawValue: 8)
    public static let failedPrecondition = CallStatus(rawValue: 9)
    public static let aborted = CallStatus(rawValue: 10)
    public static let unimplemented = CallStatus(rawValue: 12)
    public static let internalError = CallStatus(rawValue: 13)
    public static let unavailable = CallStatus(rawValue: 14)
    public static let unauthenticated = CallStatus(rawValue: 16)

    public var description: String {
        RPCError.Code(self)?.description ?? "status \(rawValue)"
    }
}

extension RPCError.Code {
    init?(_ status: CallStatus) {
        guard let code = Status.Code(rawValue: status.rawValue) else { return nil }
        self.init(code)
    }
}

extension CallError {
    static let retryAfterKey = "retry-after-ms"

    /// The error as gRPC sends it.
    public var rpcError: RPCError {
        var metadata: Metadata = [:]
        if let retryAfter { metadata.addString("\(retryAfter.milliseconds)", forKey: Self.retryAfterKey) }
        return RPCError(code: RPCError.Code(status) ?? .unknown, message: message, metadata: metadata)
    }

    /// The error as gRPC's trailing metadata, for whoever answers in gRPC's place; the message is percent-encoded.
    package var trailers: [(key: String, value: String)] {
        let message = message.utf8.map { byte in
            (0x20...0x7e).contains(byte) && byte != 0x25
                ? String(UnicodeScalar(byte)) : "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
        }
        let hint = retryAfter.map { [(key: Self.retryAfterKey, value: "\($0.milliseconds)")] } ?? []
        return [(key: "grpc-status", value: "\(status.rawValue)"), (key: "grpc-message", value: message.joined())] + hint
    }

    /// The error as gRPC received it.
    public init(_ error: RPCError) {
        let hint = error.metadata[stringValues: Self.retryAfterKey].first { _ in true }.flatMap { Int($0) }
        self.init(CallStatus(rawValue: error.code.rawValue), error.message, retryAfter: hint.map { .milliseconds($0) })
        wasAnswered = error.code != .unavailable || error.metadata[stringValues: RequestID.key].contains { _ in true }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    public var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
