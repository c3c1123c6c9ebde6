import Logging

/// What the end that opens connections is given for TLS.
public struct ClientTLSFiles: Sendable, Hashable {
    /// Path of a PEM file of those who are trusted to vouch for servers; nil: whom the system trusts.
    public var authorities: String?
    /// Path of a PEM file with the certificate that is shown to a server that asks for one, and those that vouch for it; nil: none.
    public var certificate: String?
    /// Path of a PEM file with its private key, which others may not read.
    public var key: String?

    public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}

extension ClientTLS {
    /// The files are read once.
    public init(_ files: ClientTLSFiles) throws(TLSError) {
        switch (files.certificate, files.key) {
        case (let certificate?, let key?):
            let silent = Logger(label: "tls") { _ in SwiftLogNoOpLogHandler() }
            try self.init(authorities: files.authorities, own: CertificateFiles(certificate: certificate, key: key, logger: silent))
        case (nil, nil): try self.init(authorities: files.authorities)
        default: throw TLSError(.invalid, "a client's certificate needs its private key, and the key its certificate")
        }
    }
}
