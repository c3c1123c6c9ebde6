public import Domain
public import ServerKit
public import Wire

/// Turns codes and the quoted strings of a prompt into an image.
public protocol DiffusionService: Sendable {
    /// - Parameters:
    ///   - token: asked in every denoising step.
    ///   - onEvent: called from the computing thread with steps and partial images, in order; must not wait.
    /// - Throws: what the token throws when the work is not wanted any more; `RequestError` for a request that the model refuses.
    func render(_ request: RenderRequest, token: WorkToken, onEvent: @escaping @Sendable (RenderEvent) -> Void) async throws -> RenderedImage
}
