public import Domain

/// Who makes a call, as far as its connection and its key tell.
public struct Caller: Sendable, Hashable, Codable {
    /// Equal for calls with one key, else of one program on this host, else of one other host: `key:alice`, `unix:1000/4711` (user and
    /// process), `ipv4:10.0.0.7`, `tls:10.0.0.7` for a host that has shown a certificate which was verified.
    public let identity: String
    /// What the caller's key allows; nil: it has sent none, or none was asked for.
    public let grant: Grant?

    /// A caller by its connection.
    public init(identity: String) {
        self.identity = identity
        grant = nil
    }

    /// A caller by its key.
    public init(_ grant: Grant) {
        identity = "key:\(grant.name)"
        self.grant = grant
    }

    /// A call within this process.
    public static let none = Caller(identity: "")

    /// It came over a Unix socket, which only this user and root may open, and without a key.
    public var isLocal: Bool { identity.hasPrefix("unix:") }

    /// It has shown a certificate of those whom the server trusts, and sent no key.
    public var isCertified: Bool { identity.hasPrefix("tls:") }

    /// The caller's share of the fleet, compared with others'.
    public var weight: Double { grant?.weight ?? 1 }

    /// Names of the models that its requests may go to; empty: all.
    public var models: [String] { grant?.models ?? [] }

    /// Whether it may have images without the explicit label where all others have it: that takes the scope, or the Unix socket.
    public var mayOmitLabel: Bool { grant?.scopes.contains(.labelOff) ?? isLocal }
}
