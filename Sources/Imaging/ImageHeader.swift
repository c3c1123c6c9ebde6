public import Domain

/// What an encoded picture says of itself, read without decoding it.
public struct ImageHeader: Sendable, Hashable {
    public let format: ImageFormat
    /// Of the picture as it is meant to be seen, in pixels.
    public let width, height: Int
    package let orientation: Orientation

    /// - Throws: `unsupportedFormat`, `malformed`, `unsupportedVariant`, `tooLarge`. What follows the header may still be broken.
    public init(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
        try limits.check(byteCount: bytes.count)
        format = try ImageFormat(of: bytes)
        let stored = try format.size(of: bytes)
        try limits.check(width: stored.width, height: stored.height)
        orientation = Orientation(ImageMetadata(bytes, format: format))
        width = orientation.swapsSides ? stored.height : stored.width
        height = orientation.swapsSides ? stored.width : stored.height
    }
}
