import ArgumentParser
import TLS

/// What a gateway at https://HOST:PORT needs of this side.
struct TLSFileOptions: ParsableArguments {
    @Option(
        name: .customLong("ca"),
        help: ArgumentHelp("PEM file of those who vouch for the gateway's certificate. Default: whom the system trusts.", valueName: "file"))
    var authorities: String?

    @Option(help: ArgumentHelp("PEM file of the certificate to show to a gateway that asks for one.", valueName: "file"))
    var clientCertificate: String?

    @Option(help: ArgumentHelp("PEM file of its private key, mode 600 or 640.", valueName: "file"))
    var clientKey: String?

    func validate() throws {
        guard (clientCertificate == nil) == (clientKey == nil) else {
            throw ValidationError("--client-certificate and --client-key are given together")
        }
    }

    var files: ClientTLSFiles { ClientTLSFiles(authorities: authorities, certificate: clientCertificate, key: clientKey) }
}
