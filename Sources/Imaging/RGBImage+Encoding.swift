public import Domain
import CImageCodecs

extension RGBImage {
    /// As PNG, eight-bit RGB without metadata, by a fast setting of the compressor.
    /// - Throws: `malformed` for a picture without pixels, `tooLarge` if memory runs out.
    public func png() throws(ImageError) -> [UInt8] {
        try encoded(.png) { size, bytes, count, message in glm_png_encode(pixels, size, bytes, count, message) }
    }

    /// As JPEG with full colour resolution.
    /// - Parameter quality: 1 through 100, libjpeg's scale.
    /// - Throws: `unsupportedVariant` for another quality; `malformed` for no pixels or a side over the format's 65500.
    public func jpeg(quality: Int = 95) throws(ImageError) -> [UInt8] {
        guard (1...100).contains(quality) else { throw ImageError(.unsupportedVariant, "JPEG quality \(quality); it goes from 1 to 100") }
        return try encoded(.jpeg) { size, bytes, count, message in glm_jpeg_encode(pixels, size, CInt(quality), bytes, count, message) }
    }

    /// As lossy WebP.
    /// - Parameter quality: 1 through 100, libwebp's scale.
    /// - Throws: `unsupportedVariant` for another quality and for a side over the format's 16383; `malformed` for no pixels.
    public func webp(quality: Int = 90) throws(ImageError) -> [UInt8] {
        guard (1...100).contains(quality) else { throw ImageError(.unsupportedVariant, "WebP quality \(quality); it goes from 1 to 100") }
        return try encoded(.webp) { size, bytes, count, message in glm_webp_encode(pixels, size, CInt(quality), bytes, count, message) }
    }

    /// As a file of any of the formats.
    /// - Parameter quality: of JPEG and WebP, 1 through 100; ignored for PNG.
    /// - Throws: as the format's own function.
    public func encoded(as format: ImageFormat, quality: Int) throws(ImageError) -> [UInt8] {
        switch format {
        case .png: try png()
        case .jpeg: try jpeg(quality: quality)
        case .webp: try webp(quality: quality)
        }
    }

    private func encoded(
        _ format: ImageFormat,
        _ encode: (glm_image_size, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>, UnsafeMutablePointer<CChar>) -> CInt
    ) throws(ImageError) -> [UInt8] {
        guard width > 0, height > 0, width <= Int(Int32.max), height <= Int(Int32.max) else {
            throw ImageError(.malformed, "a picture of \(width) × \(height) pixels can't be written")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        try format.call { message in encode(glm_image_size(width: UInt32(width), height: UInt32(height)), &bytes, &count, message) }
        defer { glm_image_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
