public import Domain
public import ServerKit

/// Turns a prompt into the codes of an image.
public protocol TextService: Sendable {
    /// - Parameters:
    ///   - token: asked before every step of the batch.
    ///   - onEvent: called from the computing thread, once with the layout, then with each token; must not wait.
    /// - Throws: what the token throws when the work is not wanted any more; `RequestError` for a request that the model refuses.
    func generate(_ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void) async throws -> GeneratedTokens
}

/// What happens while tokens are generated.
public enum TextEvent: Sendable, Hashable {
    case layout(TokenLayout)
    case token(index: Int, id: Int32)
}
