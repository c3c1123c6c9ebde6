/// Why a picture can't be read or written: what is wrong, with the limit and the value where there is one.
public struct ImageError: Error, Sendable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String { case unsupportedFormat, malformed, tooLarge, unsupportedVariant }
        private let value: Value

        /// Neither PNG, JPEG nor WebP.
        public static let unsupportedFormat = Code(value: .unsupportedFormat)
        /// Truncated or broken.
        public static let malformed = Code(value: .malformed)
        /// Over a limit in bytes, pixels or a side, or too small or too long to be resized by the model's rule.
        public static let tooLarge = Code(value: .tooLarge)
        /// Well-formed, but of a kind that is not read or written.
        public static let unsupportedVariant = Code(value: .unsupportedVariant)

        public var description: String { value.rawValue }
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
