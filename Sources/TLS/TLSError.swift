/// Why there is no TLS: files that can't be used.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable {
        private enum Value { case file, openKey, invalid }
        private let value: Value

        /// It can't be read.
        public static let file = Code(value: .file)
        /// Others may read the private key.
        public static let openKey = Code(value: .openKey)
        /// It holds no certificates or no key, or the key of another certificate.
        public static let invalid = Code(value: .invalid)
    }

    public var code: Code
    /// Names the file.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
