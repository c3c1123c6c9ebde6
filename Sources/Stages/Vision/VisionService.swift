public import Domain
public import ServerKit

/// Turns images into what the text stage of their model reads.
public protocol VisionService: Sendable {
    /// - Parameter image: a PNG, JPEG or WebP file.
    /// - Throws: what the token throws when the work is not wanted any more; `RequestError` for a broken image; `StageError` where the model
    ///   makes no images.
    func encode(_ image: [UInt8], token: WorkToken) async throws -> (grid: CodeGrid, timings: [Timing])

    /// - Parameters:
    ///   - image: a PNG, JPEG or WebP file.
    ///   - maxPixels: after the resize, below the model's own bound; nil: none.
    /// - Throws: as ``encode(_:token:)``; `StageError` where the model answers no questions.
    func embed(_ image: [UInt8], maxPixels: Int?, token: WorkToken) async throws -> (rows: PictureRows, timings: [Timing])
}
