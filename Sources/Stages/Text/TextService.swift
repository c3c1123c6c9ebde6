public import Domain
public import ServerKit

/// Generates tokens: the codes of an image, or the words of an answer, as the model does.
public protocol TextService: Sendable {
    /// - Parameters:
    ///   - token: asked before every step of the batch.
    ///   - onEvent: called from the computing thread, once with the layout, then with each token; must not wait.
    /// - Throws: what the token throws when the work is not wanted any more; `RequestError` for a request that the model refuses;
    ///   `StageError` where the model makes no images.
    func generate(_ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void) async throws -> GeneratedTokens

    /// - Parameters:
    ///   - token: asked before every step of the batch.
    ///   - onEvent: called from the computing thread, once with the layout, then while the prompt is read, then with each token; must not
    ///     wait.
    /// - Throws: as ``generate(_:token:onEvent:)``; `StageError` where the model answers no questions.
    func answer(_ request: AnswerRequest, token: WorkToken, onEvent: @escaping @Sendable (AnswerEvent) -> Void) async throws -> AnswerResult
}

/// What happens while codes are generated.
public enum TextEvent: Sendable, Hashable {
    case layout(TokenLayout)
    case token(index: Int, id: Int32)
}

/// What happens while an answer is generated.
public enum AnswerEvent: Sendable, Hashable {
    case layout(AnswerLayout)
    /// So many tokens of the prompt are read; 0: it waits.
    case read(tokens: Int)
    case delta(AnswerDelta)
}
