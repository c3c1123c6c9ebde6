import Domain

/// What an encoded image says beside its pixels, found where PIL 13 looks for it.
struct ImageMetadata {
    /// A TIFF header and its directories, perhaps behind `Exif\0\0`.
    var exif: ArraySlice<UInt8>?
    /// An XMP packet.
    var xmp: ArraySlice<UInt8>?
    /// Of a PNG, by their keywords: those that somebody here reads.
    var texts: [String: PNGText] = [:]
    /// There is a manifest of C2PA.
    var hasC2PA = false

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
