extension Address {
    /// Whether only this machine can reach it: a Unix socket, `localhost`, 127.0.0.0/8 or ::1. Names are not looked up, and numbers in unusual
    /// spellings are not taken for loopback.
    public var isLoopback: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _), .tls(let host, _): host.lowercased() == "localhost" || host == "::1" || Self.isLoopbackIPv4(host)
        }
    }

    /// `127.` alone does not tell: a name may begin so, too.
    private static func isLoopbackIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.first == "127"
            && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8($0) != nil }
    }
}
