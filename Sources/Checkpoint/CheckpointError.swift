/// Why a checkpoint can't be used: what is wrong, in which file, what was expected and what was found.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case missingFile, unreadable, malformed, missingTensor, shapeMismatch, unusedTensor, unsupportedType, invalidConfiguration, notFinite
        }
        private let value: Value

        /// A file or folder that the checkpoint must have is not there.
        public static let missingFile = Code(value: .missingFile)
        /// The system would not open, read or map a file.
        public static let unreadable = Code(value: .unreadable)
        /// A file breaks its format: truncated, a header that lies, an index that disagrees with its shards.
        public static let malformed = Code(value: .malformed)
        public static let missingTensor = Code(value: .missingTensor)
        public static let shapeMismatch = Code(value: .shapeMismatch)
        /// The checkpoint holds a tensor that no part of the model asked for.
        public static let unusedTensor = Code(value: .unusedTensor)
        public static let unsupportedType = Code(value: .unsupportedType)
        /// A weight is infinite or not a number.
        public static let notFinite = Code(value: .notFinite)
        /// A JSON file lacks a key, holds a value of another type, or names a class we don't know.
        public static let invalidConfiguration = Code(value: .invalidConfiguration)

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
