public import GLMImage
public import ServerKit
public import Wire

/// Turns a source picture into codes.
public protocol VisionService: Sendable {
    /// - Parameter picture: a PNG or JPEG file.
    /// - Throws: what the token throws once the work is not wanted any more; ``CallError`` for a broken picture.
    func encode(_ picture: [UInt8], token: WorkToken) async throws -> (grid: GLMImage.CodeGrid, timings: [Timing])
}
