import Domain

extension RGBImage {
    /// Decodes a PNG, JPEG or WebP file, told apart by the first bytes, upright by its EXIF or XMP orientation.
    ///
    /// The pixels are those of PIL: grey becomes RGB, palettes are looked up, 16 bit is cut to the high byte, transparency is composited
    /// over white, CMYK and YCCK are read by Adobe's convention; colour profiles and gamma are ignored; of several images or frames the
    /// first is read. A JPEG with broken but mendable data is accepted, and anything behind the last pixel; data that ends before it is not.
    ///
    /// - Throws: `unsupportedFormat`, `malformed`, `unsupportedVariant`; `tooLarge` by the header alone, before decoding.
    public init(decoding bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
        let header = try ImageHeader(bytes, limits: limits)
        let stored = header.orientation.swapsSides ? (width: header.height, height: header.width) : (width: header.width, height: header.height)
        self = try header.format.decode(bytes, width: stored.width, height: stored.height).upright(header.orientation)
    }
}
