import Foundation
import NIOCertificateReloading
public import NIOCore
import NIOSSL

/// TLS 1.2 or later at the end of a connection that opens it: the server's certificate must be for its name or address.
public struct ClientTLS: Sendable {
    private let context: NIOSSLContext

    /// - Parameters:
    ///   - authorities: path of a PEM file of those who are trusted to vouch for servers; nil: whom the system trusts.
    ///   - own: what is shown to a server that asks for a certificate.
    public init(authorities: String? = nil, own: CertificateFiles? = nil) throws(TLSError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2"]
        if let authorities { configuration.trustRoots = .certificates(try PEMFile.certificates(authorities)) }
        if let own { configuration.setCertificateReloader(own.reloader) }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSError(.invalid, "TLS can't be set up: \(error)")
        }
    }

    /// Puts TLS in front of what is in the pipeline of a connection. On its event loop.
    /// - Parameters:
    ///   - host: the name or address that the server's certificate must be for.
    ///   - tell: gets why the two ends don't get to speak TLS, in words for a person; nil: they do.
    public func secure(_ channel: any Channel, host: String, tell: @escaping @Sendable (String?) -> Void) throws {
        let watch = HandshakeWatch { failure in tell(failure.map { HandshakeFailure.words($0.error, $0.certificate, host: host) }) }
        // Of an address the certificate is compared with the one that was connected to.
        let name = Self.isAddress(host) ? nil : host
        try channel.pipeline.syncOperations.addHandlers(
            NIOSSLClientHandler(context: context, serverHostname: name), watch, position: .first)
    }

    private static func isAddress(_ host: String) -> Bool {
        var room = in6_addr()
        return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1
    }
}
