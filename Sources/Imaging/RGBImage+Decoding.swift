import Domain
import CImageCodecs

extension RGBImage {
    /// Decodes a PNG or JPEG, told apart by the first bytes, upright by its EXIF orientation.
    ///
    /// Grey becomes RGB, palettes are looked up, 16 bit is cut to the high byte, transparency is composited over white, CMYK
    /// and YCCK are read by Adobe's convention; colour profiles and gamma are ignored. A JPEG with broken but mendable data is
    /// accepted; data that ends early is not.
    ///
    /// - Throws: `unsupportedFormat`, `malformed`, `unsupportedVariant`; `tooLarge` by the header alone, before decoding.
    public init(decoding bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
        try limits.check(byteCount: bytes.count)
        guard let format = ImageFormat(magic: bytes) else {
            throw ImageError(.unsupportedFormat, bytes.isEmpty ? "a picture of 0 bytes" : "neither PNG nor JPEG by its first bytes")
        }
        var size = glm_image_size()
        try Self.call(format) { message in
            switch format {
            case .png: glm_png_size(bytes, bytes.count, &size, message)
            case .jpeg: glm_jpeg_size(bytes, bytes.count, &size, message)
            }
        }
        let (width, height) = (Int(size.width), Int(size.height))
        try limits.check(width: width, height: height)

        var pixels: [UInt8] = []
        try Self.call(format) { message in
            var code: CInt = 0
            pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
                code =
                    switch format {
                    case .png: glm_png_decode(bytes, bytes.count, size, buffer.baseAddress, message)
                    case .jpeg: glm_jpeg_decode(bytes, bytes.count, size, buffer.baseAddress, message)
                    }
                count = code == CInt(GLM_IMAGE_OK) ? width * height * 3 : 0
            }
            return code
        }
        let orientation =
            switch format {
            case .png: Orientation(png: bytes)
            case .jpeg: Orientation(jpeg: bytes)
            }
        self = RGBImage(width: width, height: height, pixels: pixels).upright(orientation)
    }

    /// Runs a function of the C codecs and turns its code and message into an error.
    static func call(_ format: ImageFormat, _ body: (UnsafeMutablePointer<CChar>) -> CInt) throws(ImageError) {
        var message = [CChar](repeating: 0, count: Int(GLM_IMAGE_MESSAGE_BYTES))
        let code = message.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
        guard code != CInt(GLM_IMAGE_OK) else { return }
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let name = format.rawValue.uppercased()
        switch code {
        case CInt(GLM_IMAGE_UNSUPPORTED): throw ImageError(.unsupportedVariant, "\(name): \(text)")
        case CInt(GLM_IMAGE_NO_MEMORY): throw ImageError(.tooLarge, "\(name): no memory for the picture")
        default: throw ImageError(.malformed, "\(name): \(text)")
        }
    }
}
