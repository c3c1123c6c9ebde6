import GRPCCore

/// Who makes a call, as far as the connection tells.
///
/// The server's door writes it into the metadata of each call, in place of what the caller may have written there.
public struct Caller: Sendable, Hashable {
    /// Equal for calls of one program on this host, and of one other host: `unix:1000/4711` (user and process), `ipv4:10.0.0.7`,
    /// `tls:10.0.0.7` for a host that has shown a certificate which was verified.
    public let identity: String

    public init(identity: String) { self.identity = identity }

    /// A call within this process.
    public static let none = Caller(identity: "")

    /// It came over a Unix socket, which only this user and root may open.
    public var isLocal: Bool { identity.hasPrefix("unix:") }

    /// It has shown a certificate of those whom the server trusts.
    public var isCertified: Bool { identity.hasPrefix("tls:") }

    /// The metadata's key.
    package static let key = "glm-caller"

    init(metadata: Metadata) { self.init(identity: metadata[stringValues: Self.key].first { _ in true } ?? "") }
}
