import CImageCodecs
import Domain

extension ImageFormat {
    /// The format by the first bytes.
    /// - Throws: `unsupportedFormat`, naming the format that it is instead.
    init(of bytes: [UInt8]) throws(ImageError) {
        guard let format = ImageFormat(magic: bytes) else { throw ImageError(.unsupportedFormat, ForeignFormat.refusal(of: bytes)) }
        self = format
    }

    /// The size of an encoded picture, by its header alone.
    func size(of bytes: [UInt8]) throws(ImageError) -> (width: Int, height: Int) {
        var size = glm_image_size()
        try call { message in
            switch self {
            case .png: glm_png_size(bytes, bytes.count, &size, message)
            case .jpeg: glm_jpeg_size(bytes, bytes.count, &size, message)
            case .webp: glm_webp_size(bytes, bytes.count, &size, message)
            }
        }
        return (Int(size.width), Int(size.height))
    }

    /// The pixels as they are stored, not turned upright.
    func decode(_ bytes: [UInt8], width: Int, height: Int) throws(ImageError) -> RGBImage {
        let size = glm_image_size(width: UInt32(width), height: UInt32(height))
        var pixels: [UInt8] = []
        try call { message in
            var code: CInt = 0
            pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
                code =
                    switch self {
                    case .png: glm_png_decode(bytes, bytes.count, size, buffer.baseAddress, message)
                    case .jpeg: glm_jpeg_decode(bytes, bytes.count, size, buffer.baseAddress, message)
                    case .webp: glm_webp_decode(bytes, bytes.count, size, buffer.baseAddress, message)
                    }
                count = code == CInt(GLM_IMAGE_OK) ? width * height * 3 : 0
            }
            return code
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    /// Runs a function of the C codecs and turns its code and message into an error.
    func call(_ body: (UnsafeMutablePointer<CChar>) -> CInt) throws(ImageError) {
        var message = [CChar](repeating: 0, count: Int(GLM_IMAGE_MESSAGE_BYTES))
        let code = message.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
        guard code != CInt(GLM_IMAGE_OK) else { return }
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch code {
        case CInt(GLM_IMAGE_UNSUPPORTED): throw ImageError(.unsupportedVariant, "\(name): \(text)")
        case CInt(GLM_IMAGE_NO_MEMORY): throw ImageError(.tooLarge, "\(name): no memory for the image")
        default: throw ImageError(.malformed, "\(name): \(text)")
        }
    }
}
