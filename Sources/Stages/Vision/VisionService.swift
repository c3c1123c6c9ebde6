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
    func embed(_ image: [UInt8], maxPixels: Int?, token: WorkToken) async throws -> EmbeddedPicture
}

/// An image as the text stage of a question model reads it.
public struct EmbeddedPicture: Sendable, Hashable {
    public var rows: PictureRows
    /// Pixels of the image that the model has seen.
    public var height: Int
    public var width: Int
    public var timings: [Timing]

    public init(rows: PictureRows, height: Int, width: Int, timings: [Timing] = []) {
        self.rows = rows
        self.height = height
        self.width = width
        self.timings = timings
    }
}
