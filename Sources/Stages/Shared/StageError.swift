/// Why a stage can't serve a request, where the request itself is not at fault.
public struct StageError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// The model is still being loaded: ask again.
        case loading
        /// The device failed: another stage may do better.
        case device
        /// The model is for something else.
        case pipeline
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }

    static let makesImages = StageError(.pipeline, "the stage's model makes images (pipeline image), it answers no questions")
    static let answersQuestions = StageError(.pipeline, "the stage's model answers questions (pipeline answer), it makes no images")
    static let loading = StageError(.loading, "the model is being loaded")
}
