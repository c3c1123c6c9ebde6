import NIOCertificateReloading
public import NIOCore
import NIOSSL

/// TLS 1.2 or later at the accepting end of connections.
public struct ServerTLS: Sendable {
    /// Whoever connects has shown a certificate that was verified.
    public let verifiesClients: Bool
    private let context: NIOSSLContext

    /// - Parameters:
    ///   - clientAuthorities: path of a PEM file of those whose certificates clients must show; nil: none are asked for.
    ///   - protocols: names for ALPN, the preferred one first.
    public init(_ files: CertificateFiles, clientAuthorities: String?, protocols: [String]) throws(TLSError) {
        verifiesClients = clientAuthorities != nil
        let authorities = try clientAuthorities.map { path throws(TLSError) in try PEMFile.certificates(path) }
        do {
            var configuration = try TLSConfiguration.makeServerConfiguration(certificateReloader: files.reloader)
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = protocols
            if let authorities {
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = .certificates(authorities)
            }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSError(.invalid, "TLS can't be set up: \(error)")
        }
    }

    /// Puts TLS in front of what is in the pipeline of a connection that was just accepted. On its event loop.
    public func secure(_ channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: context), HandshakeWatch(), position: .first)
    }
}
