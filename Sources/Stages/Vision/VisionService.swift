public import Domain
public import ServerKit

/// Turns a source image into codes.
public protocol VisionService: Sendable {
    /// - Parameter image: a PNG, JPEG or WebP file.
    /// - Throws: what the token throws when the work is not wanted any more; `RequestError` for a broken image.
    func encode(_ image: [UInt8], token: WorkToken) async throws -> (grid: CodeGrid, timings: [Timing])
}
