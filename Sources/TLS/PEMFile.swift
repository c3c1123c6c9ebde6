import Files
import NIOSSL

/// Files of certificates and private keys, in PEM.
enum PEMFile {
    /// Bytes: more certificates than any system trusts.
    private static let limit = 4 << 20
    /// What others may not do with a private key; a group may read it, as the group of a container's or a service's user does.
    private static let forbidden: UInt32 = 0o027

    static func read(_ path: String) throws(TLSError) -> [UInt8] {
        do { return try InputFile.read(path, limit: limit) } catch { throw TLSError(.file, "\(error)") }
    }

    static func readKey(_ path: String) throws(TLSError) -> [UInt8] {
        if let mode = InputFile.permissions(path), mode & forbidden != 0 {
            throw TLSError(
                .openKey,
                "the private key \(path) may be read or written by others (mode \(String(mode, radix: 8))); chmod 600 or 640 it")
        }
        return try read(path)
    }

    static func certificates(_ path: String) throws(TLSError) -> [NIOSSLCertificate] {
        let bytes = try read(path)
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw TLSError(.invalid, "\(path) holds no certificates in PEM")
        }
        return certificates
    }
}
