public import GLMImage
import Domain
public import ServerKit
public import Wire

/// Turns a prompt into the codes of a picture.
public protocol TextService: Sendable {
    /// - Parameters:
    ///   - token: asked before every step of the batch.
    ///   - onEvent: called from the computing thread, once with the layout, then with each token; must not wait.
    /// - Throws: what the token throws once the work is not wanted any more; `GLMImageError` for a request that the model refuses.
    func generate(
        _ request: TokenRequest, token: WorkToken, onEvent: @escaping @Sendable (TextEvent) -> Void
    ) async throws -> (preview: GLMImage.CodeGrid?, target: GLMImage.CodeGrid, timings: [Timing])
}

/// What happens while tokens are made.
public enum TextEvent: Sendable, Hashable {
    case layout(GLMImage.TokenLayout)
    case token(index: Int, id: Int32)
}
