/// A picture in memory: eight bits of red, green and blue for each pixel, row by row from the top left.
public struct RGBImage: Sendable, Hashable {
    /// In pixels.
    public let width, height: Int
    /// `[height, width, 3]`
    public var pixels: [UInt8]

    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width >= 0 && height >= 0 && pixels.count == width * height * 3, "\(pixels.count) bytes for \(width) × \(height) pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
