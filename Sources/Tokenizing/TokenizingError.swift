/// Why a tokenizer's or template's file can't be used: the file, the key, what was expected and what was found.
public struct TokenizingError: Error, Sendable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String { case missingFile, unreadable, malformed, unsupported, missingToken }
        private let value: Value

        public static let missingFile = Code(value: .missingFile)
        public static let unreadable = Code(value: .unreadable)
        /// Not the JSON that a tokenizer's file holds, or one that contradicts itself.
        public static let malformed = Code(value: .malformed)
        /// A setting, pattern or template that we would compute otherwise than its author meant.
        public static let unsupported = Code(value: .unsupported)
        /// A token that the model needs has no name or no id.
        public static let missingToken = Code(value: .missingToken)

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
