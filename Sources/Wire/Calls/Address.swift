/// Where a process listens.
public enum Address: Sendable, Hashable {
    /// A Unix domain socket, by its file.
    case unix(path: String)
    /// A TCP port.
    case tcp(host: String, port: Int)
    /// A TCP port where TLS is spoken.
    case tls(host: String, port: Int)

    /// Bytes of a socket's path: what the kernel's `sun_path` holds, less its final NUL.
    public static let maxPathBytes = 107
}

extension Address: CustomStringConvertible {
    /// `unix:/path` or `host:port`, as ``init(parsing:)`` reads it and gRPC clients of other languages do; `https://host:port` where TLS is spoken.
    public var description: String {
        switch self {
        // Two slashes would be read as those of a URL.
        case .unix(let path): path.hasPrefix("//") ? "unix://\(path)" : "unix:\(path)"
        case .tcp(let host, let port): (["tcp", "unix"].contains(host) ? "tcp:" : "") + Self.pair(host, port)
        case .tls(let host, let port): "https://" + Self.pair(host, port)
        }
    }

    private static func pair(_ host: String, _ port: Int) -> String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

extension Address {
    /// Reads `unix:/path`, `unix:path`, `unix:///path`, `tcp:host:port`, `host:port` or `https://host:port`; an IPv6 host stands in brackets.
    public init(parsing text: String) throws(WireError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(text.hasPrefix("unix:///") ? 7 : 5))
            try Self.checkPath(path)
            self = .unix(path: path)
            return
        }
        let isSecure = text.hasPrefix("https://")
        let rest = isSecure ? text.dropFirst(8) : text.hasPrefix("tcp:") ? text.dropFirst(4) : text[...]
        guard let colon = rest.lastIndex(of: ":") else {
            throw WireError(.invalidAddress, "address \"\(text)\" is neither unix:PATH nor HOST:PORT nor https://HOST:PORT")
        }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { host = "" }
        guard !host.isEmpty, !host.contains(where: { "[]".contains($0) }) else {
            throw WireError(.invalidAddress, "address \"\(text)\" has no host; HOST:PORT, an IPv6 host in brackets")
        }
        guard let port = Int(rest[rest.index(after: colon)...]), (0...65535).contains(port) else {
            throw WireError(.invalidAddress, "address \"\(text)\" has no port from 0 to 65535")
        }
        self = isSecure ? .tls(host: String(host), port: port) : .tcp(host: String(host), port: port)
    }

    /// Refuses a path that no socket can have.
    public static func checkPath(_ path: String) throws(WireError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw WireError(.invalidAddress, "the path of a Unix socket is empty or has a NUL inside")
        }
        guard path.utf8.count <= maxPathBytes else {
            throw WireError(
                .invalidAddress, "the path of a Unix socket has \(path.utf8.count) bytes; at most \(maxPathBytes): \(path)")
        }
    }
}
