/// How much a picture may ask for; checked against its header before anything of its size is allocated.
public struct ImageLimits: Sendable, Hashable {
    /// Of the encoded picture.
    public var maximumBytes: Int
    public var maximumPixels: Int
    /// Of width and of height, in pixels.
    public var maximumSide: Int

    public init(maximumBytes: Int = 64 << 20, maximumPixels: Int = 64 << 20, maximumSide: Int = 16384) {
        self.maximumBytes = maximumBytes
        self.maximumPixels = maximumPixels
        self.maximumSide = maximumSide
    }

    func check(byteCount: Int) throws(ImageError) {
        guard byteCount <= maximumBytes else { throw ImageError(.tooLarge, "a picture of \(byteCount) bytes; the limit is \(maximumBytes)") }
    }

    func check(width: Int, height: Int) throws(ImageError) {
        guard width > 0, height > 0 else { throw ImageError(.malformed, "a picture of \(width) × \(height) pixels") }
        guard width <= maximumSide, height <= maximumSide else {
            throw ImageError(.tooLarge, "a picture of \(width) × \(height) pixels; the limit of a side is \(maximumSide)")
        }
        guard width * height <= maximumPixels else {
            throw ImageError(.tooLarge, "a picture of \(width) × \(height) = \(width * height) pixels; the limit is \(maximumPixels)")
        }
    }
}
