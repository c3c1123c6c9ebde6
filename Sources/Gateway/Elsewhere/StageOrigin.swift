public import Wire

/// Stages elsewhere as an operator names them, by `--stage` and `remote` of a topology: an address, or a name that stands for several.
public enum StageOrigin: Sendable, Hashable {
    case address(Address)
    /// One stage at each address that the name has.
    case name(StageName)

    /// Whether TLS is spoken there.
    var isEncrypted: Bool {
        switch self {
        case .address(.tls): true
        case .address: false
        case .name(let name): name.isEncrypted
        }
    }
}

extension StageOrigin: CustomStringConvertible {
    public var description: String {
        switch self {
        case .address(let address): "\(address)"
        case .name(let name): "\(name)"
        }
    }
}

extension StageOrigin {
    /// Reads what ``StageName`` and ``Address`` read.
    public init(parsing text: String) throws(WireError) {
        if let name = try StageName(parsing: text) { self = .name(name) } else { self = .address(try Address(parsing: text)) }
    }
}

/// A name of the DNS with a port.
public struct StageName: Sendable, Hashable {
    public let host: String
    public let port: Int
    /// TLS is spoken there, and the certificates are for the name.
    public let isEncrypted: Bool

    package init(host: String, port: Int, isEncrypted: Bool) {
        self.host = host
        self.port = port
        self.isEncrypted = isEncrypted
    }

    /// The address of one of its stages.
    /// - Parameter numeric: an IPv4 or IPv6 address.
    func address(_ numeric: String) -> Address { isEncrypted ? .tls(host: numeric, port: port) : .tcp(host: numeric, port: port) }
}

extension StageName: CustomStringConvertible {
    public var description: String { (isEncrypted ? "dns+https://" : "dns:") + "\(host):\(port)" }
}

extension StageName {
    /// Reads `dns:NAME:PORT`, `dns:///NAME:PORT`, both as gRPC names targets, or `dns+https://NAME:PORT`; nil: the text begins otherwise.
    public init?(parsing text: String) throws(WireError) {
        let prefixes = [("dns+https://", true), ("dns:///", false), ("dns:", false)]
        guard let (prefix, isEncrypted) = prefixes.first(where: { text.hasPrefix($0.0) }) else { return nil }
        let rest = text.dropFirst(prefix.count)
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !rest.contains("/") else {
            let reason = rest.hasPrefix("//") ? "names a DNS server; the system's are asked" : "is not as in dns:text.example:50052"
            throw WireError(.invalidAddress, "address \"\(text)\" \(reason)")
        }
        guard let port = Int(parts[1]), (1...65535).contains(port) else {
            throw WireError(.invalidAddress, "address \"\(text)\" has no port from 1 to 65535")
        }
        let isName = parts[0].utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || "-_.".utf8.contains($0)
        }
        guard isName, (1...253).contains(parts[0].utf8.count) else {
            throw WireError(.invalidAddress, "address \"\(text)\" has no name of 1 to 253 letters, digits, hyphens, underscores and dots")
        }
        self.init(host: String(parts[0]), port: port, isEncrypted: isEncrypted)
    }
}
