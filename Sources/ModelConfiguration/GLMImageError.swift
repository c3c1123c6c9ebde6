/// Why a checkpoint can't be computed. What is wrong with a request is a `RequestError`.
public struct GLMImageError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable {
        private enum Value { case unsupportedModel, notFinite }
        private let value: Value

        /// The checkpoint is of a kind this build can't compute.
        public static let unsupportedModel = Code(value: .unsupportedModel)
        /// The computation left the range of numbers: the checkpoint, or the precision it is run in, is at fault.
        public static let notFinite = Code(value: .notFinite)
    }

    public var code: Code
    /// Names the field, the limit and the value.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
