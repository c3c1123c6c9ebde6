package import Crypto
import Domain

/// Signs links to result files, so that whoever has one can open it for a while, and nobody can make one up: HMAC-SHA-256 of id and end.
package struct LinkSigner: Sendable {
    /// Seconds for which a link opens its file.
    package static let lifetime = 3600

    private let key: SymmetricKey

    /// - Parameter key: the default is a random one: links end with the process, as the files do.
    package init(key: SymmetricKey = SymmetricKey(size: .bits256)) { self.key = key }

    /// - Parameter end: seconds since 1970.
    /// - Returns: 64 hexadecimal digits.
    package func signature(of id: String, end: Int) -> String {
        HMAC<SHA256>.authenticationCode(for: Self.signed(id, end), using: key).hexadecimal
    }

    /// Takes equally long for every signature.
    package func isValid(_ signature: String, of id: String, end: Int) -> Bool {
        guard signature.utf8.count == 2 * SHA256.byteCount, let code = [UInt8](hexadecimal: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.signed(id, end), using: key)
    }

    /// A newline is in no id.
    private static func signed(_ id: String, _ end: Int) -> [UInt8] { Array("\(id)\n\(end)".utf8) }
}
