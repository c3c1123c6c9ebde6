public import GLMImage
import Domain
public import ServerKit
public import Wire

/// Turns codes and the quoted strings of a prompt into a picture.
public protocol DiffusionService: Sendable {
    /// - Parameters:
    ///   - token: asked in every denoising step.
    ///   - onStep: called from the computing thread with the number of steps done; must not wait.
    /// - Throws: what the token throws once the work is not wanted any more; `GLMImageError` for a request that the model refuses.
    func render(_ order: RenderOrder, token: WorkToken, onStep: @escaping @Sendable (Int) -> Void) async throws -> RenderedImage
}

/// A request that passed the door; its source pictures are still encoded.
public struct RenderOrder: Sendable, Hashable {
    public var prompt: String
    /// Pixels.
    public var height, width: Int
    public var target: GLMImage.CodeGrid
    public var sources: [Source]
    public var steps: Int
    public var guidanceScale: Float
    public var seed: UInt64
    /// Of the answer.
    public var format: ImageFormat
    /// 1 … 100.
    public var jpegQuality: Int

    /// A PNG or JPEG file with its codes.
    public struct Source: Sendable, Hashable {
        public var picture: [UInt8]
        public var codes: GLMImage.CodeGrid
    }
}
