import Domain

/// What an encoded image says beside its pixels, found where PIL 13 looks for it.
struct ImageMetadata {
    /// A TIFF header and its directories, perhaps behind `Exif\0\0`.
    var exif: ArraySlice<UInt8>?
    /// An XMP packet.
    var xmp: ArraySlice<UInt8>?

    private init() {}

    init(_ bytes: [UInt8], format: ImageFormat) {
        self.init()
        switch format {
        case .png: readPNG(bytes)
        case .jpeg: readJPEG(bytes)
        case .webp: readWebP(bytes)
        }
    }
}
