public import Domain
import CImageCodecs

/// What an encoded picture says of itself, read without decoding it.
public struct ImageHeader: Sendable, Hashable {
    public let format: ImageFormat
    /// Of the picture as it is meant to be seen, in pixels.
    public let width, height: Int

    /// - Throws: `unsupportedFormat`, `malformed`, `unsupportedVariant`, `tooLarge`. What follows the header may still be broken.
    public init(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
        try limits.check(byteCount: bytes.count)
        guard let format = ImageFormat(magic: bytes) else {
            throw ImageError(.unsupportedFormat, bytes.isEmpty ? "a picture of 0 bytes" : "neither PNG nor JPEG by its first bytes")
        }
        var size = glm_image_size()
        try RGBImage.call(format) { message in
            switch format {
            case .png: glm_png_size(bytes, bytes.count, &size, message)
            case .jpeg: glm_jpeg_size(bytes, bytes.count, &size, message)
            }
        }
        try limits.check(width: Int(size.width), height: Int(size.height))
        let orientation =
            switch format {
            case .png: Orientation(png: bytes)
            case .jpeg: Orientation(jpeg: bytes)
            }
        self.format = format
        // From 5 on, rows and columns change places.
        let turned = orientation.rawValue >= Orientation.transposed.rawValue
        width = Int(turned ? size.height : size.width)
        height = Int(turned ? size.width : size.height)
    }
}
