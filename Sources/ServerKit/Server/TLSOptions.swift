public import ArgumentParser
import Logging
import TLS
public import Wire

/// The flags of what is encrypted at a server's TCP ports, and what need not be.
public struct TLSOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Encrypt all TCP ports: PEM file with this server's certificate first, then those that vouch for it. Read again when it changes.",
            valueName: "file"))
    public var tlsCertificate: String?

    @Option(help: ArgumentHelp("PEM file with the certificate's private key, mode 600 or 640.", valueName: "file"))
    public var tlsKey: String?

    @Option(
        name: .customLong("tls-client-ca"),
        help: ArgumentHelp(
            "Refuse clients without a certificate of these authorities, a PEM file. At a stage such a client may do what operators do: it is the gateway.",
            valueName: "file"))
    public var tlsClientCA: String?

    @Flag(help: "Listen without encryption at addresses that others than this machine can reach.")
    public var insecurePlaintext = false

    public init() {}

    public func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key are given together")
        }
        guard tlsClientCA == nil || tlsCertificate != nil else {
            throw ValidationError("--tls-client-ca needs --tls-certificate and --tls-key: without encryption no client shows a certificate")
        }
    }

    /// Refuses an address where others could read along.
    /// - Parameter flag: that names the address, for messages.
    /// - Throws: `ValidationError`
    public func check(_ address: Address, _ flag: String) throws {
        if case .tls = address {
            throw ValidationError("\(flag) is HOST:PORT, without https://; --tls-certificate and --tls-key encrypt it")
        }
        guard address.isLoopback || tlsCertificate != nil || insecurePlaintext else {
            throw ValidationError(
                "\(flag) \(address) can be reached from elsewhere, and nothing would be encrypted there: give --tls-certificate and --tls-key, or say --insecure-plaintext"
            )
        }
    }

    /// - Returns: nil: nothing is encrypted.
    func certificates(_ logger: Logger) throws(TLSError) -> CertificateFiles? {
        guard let tlsCertificate, let tlsKey else { return nil }
        return try CertificateFiles(certificate: tlsCertificate, key: tlsKey, logger: logger)
    }
}
