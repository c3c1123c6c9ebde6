import GRPCNIOTransportHTTP2Posix
import NIOCore
public import TLS

/// Whether and how the connections to one address are encrypted, and why that fails.
struct ConnectionSecurity: Sendable {
    private let address: Address
    /// Nil: not encrypted.
    private let tls: ClientTLS?
    private let name: String?
    private let lastProblem = Last<String>()

    /// - Parameters:
    ///   - tls: for an address of TLS; nil: the system's authorities are trusted, and no certificate is shown.
    ///   - name: what the server's certificate must be for; nil: the address's host.
    init(_ address: Address, _ tls: ClientTLS?, name: String?) throws(TLSError) {
        self.address = address
        self.name = name
        if case .tls = address { self.tls = if let tls { tls } else { try ClientTLS() } } else { self.tls = nil }
    }

    /// What is in a pipeline is ours: see ``prepare(_:)``.
    var kind: HTTP2ClientTransport.Posix.TransportSecurity { tls == nil ? .plaintext : .customSecure }

    /// See ``ConnectionPool/problem``.
    var problem: String? { lastProblem.value }

    /// Puts in front of a new connection's pipeline what encrypts, and what notices that one end does and the other does not.
    func prepare(_ channel: any Channel) throws {
        switch address {
        case .unix: break
        case .tcp:
            let watch = AlertWatch { [self] in note($0 ? "it speaks TLS; its address is https://\(address)" : nil) }
            try channel.pipeline.syncOperations.addHandler(watch, position: .first)
        case .tls(let host, _): try tls?.secure(channel, host: name ?? host, tell: note)
        }
    }

    @Sendable private func note(_ problem: String?) { lastProblem.value = problem }
}

extension Address {
    /// What a connection to it needs; nil where it is not one of TLS.
    /// - Throws: ``TLSError`` also for files that would not be used.
    public func tls(_ files: ClientTLSFiles) throws(TLSError) -> ClientTLS? {
        if case .tls = self { return try ClientTLS(files) }
        guard files == ClientTLSFiles() else {
            throw TLSError(.invalid, "certificates are for addresses https://HOST:PORT; without it, nothing is encrypted at \(self)")
        }
        return nil
    }
}
