import Domain

/// A message that cannot be encoded or decoded, or an address that cannot be read.
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind { case malformed, unknownField, invalidText, outOfRange, invalidRequest, tooManyFields, tooLarge, invalidAddress }
        private let kind: Kind

        /// The bytes are not an encoding of the message.
        public static let malformed = Code(kind: .malformed)
        /// The message carries a field that this build does not know.
        public static let unknownField = Code(kind: .unknownField)
        /// A string that is not UTF-8 or has a NUL inside.
        public static let invalidText = Code(kind: .invalidText)
        /// A number that the field's type cannot hold, or an enumeration's value without a name.
        public static let outOfRange = Code(kind: .outOfRange)
        /// Values outside the limits of the module Domain.
        public static let invalidRequest = Code(kind: .invalidRequest)
        /// More elements than any honest message has.
        public static let tooManyFields = Code(kind: .tooManyFields)
        /// More bytes than the method's limit.
        public static let tooLarge = Code(kind: .tooLarge)
        /// Text that is no address.
        public static let invalidAddress = Code(kind: .invalidAddress)
    }

    public var code: Code
    /// Which message and field, the limit and the value.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

extension WireError {
    init(_ error: RequestError) { self.init(.invalidRequest, error.message) }
}
