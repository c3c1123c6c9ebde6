/// Why a plan can't be made: what is wrong, where it is written, and what there is instead.
public struct PlacementError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String { case invalidTopology, missingCard, unsupportedCard, invalidModel, discoveryFailed }
        private let value: Value

        /// The topology file is not YAML, has a key that nothing reads, or a value of another type or range.
        public static let invalidTopology = Code(value: .invalidTopology)
        /// The topology names a card that is not there.
        public static let missingCard = Code(value: .missingCard)
        /// The topology names a card that GLM-Image can't be computed on.
        public static let unsupportedCard = Code(value: .unsupportedCard)
        /// A model's folder can't be read or is not GLM-Image's.
        public static let invalidModel = Code(value: .invalidModel)
        /// The driver or its tool answered what we don't understand.
        public static let discoveryFailed = Code(value: .discoveryFailed)

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
