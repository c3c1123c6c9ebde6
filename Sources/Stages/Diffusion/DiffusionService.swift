public import Domain
public import ServerKit

/// Turns codes and the quoted strings of a prompt into an image.
public protocol DiffusionService: Sendable {
    /// - Parameters:
    ///   - token: asked in every denoising step.
    ///   - onStep: called from the computing thread with the number of completed steps; must not wait.
    /// - Throws: what the token throws when the work is not wanted any more; `RequestError` for a request that the model refuses.
    func render(_ request: RenderRequest, token: WorkToken, onStep: @escaping @Sendable (Int) -> Void) async throws -> RenderedImage
}
