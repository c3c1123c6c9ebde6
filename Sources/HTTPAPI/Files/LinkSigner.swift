package import Crypto

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
        HMAC<SHA256>.authenticationCode(for: Self.signed(id, end), using: key).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// Takes equally long for every signature.
    package func isValid(_ signature: String, of id: String, end: Int) -> Bool {
        guard let code = Self.bytes(hexadecimal: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.signed(id, end), using: key)
    }

    /// A newline is in no id.
    private static func signed(_ id: String, _ end: Int) -> [UInt8] { Array("\(id)\n\(end)".utf8) }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 2 * SHA256.byteCount else { return nil }
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
        guard values.count == digits.count else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
