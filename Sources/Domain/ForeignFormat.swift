/// Formats that people send and that are not read: named, so that nobody has to guess.
public enum ForeignFormat {
    /// Why a file that ``ImageFormat`` does not know is refused.
    public static func refusal(of bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "an image of 0 bytes" }
        guard let name = name(bytes) else { return "neither PNG, JPEG nor WebP by its first bytes" }
        return "\(name); convert it to PNG, JPEG or WebP"
    }

    private static func name(_ bytes: [UInt8]) -> String? {
        func has(_ text: String, at position: Int = 0) -> Bool { bytes.dropFirst(position).starts(with: text.utf8) }
        func has(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

        if has("ftyp", at: 4) { return mediaContainer(bytes) }
        if has("GIF8") { return "a GIF image" }
        if has("BM"), bytes.dropFirst(6).starts(with: [0, 0, 0, 0]) { return "a BMP image" }
        if has([0xFF, 0x0A]) || has([0, 0, 0, 12] + "JXL \r\n".utf8) { return "a JPEG XL image" }
        if has([0xFF, 0x4F, 0xFF, 0x51]) || has([0, 0, 0, 12] + "jP  \r\n".utf8) { return "a JPEG 2000 image" }
        // Many raw formats are TIFF files, some with a version of their own.
        if has("II*\0\u{10}\0\0\0CR") || has("IIU\0") || has("IIRO") || has("IIRS") || has("MMOR") || has("FUJIFILMCCD-RAW") {
            return "a raw camera image"
        }
        if has("II*\0") || has("MM\0*") || has("II+\0") || has("MM\0+") { return "a TIFF or raw camera image" }
        if has("8BPS") { return "a Photoshop (PSD) image" }
        if has("%PDF-") { return "a PDF document" }
        if has([0, 0, 1, 0]) || has([0, 0, 2, 0]) { return "an ICO icon" }
        return isSVG(bytes) ? "an SVG drawing" : nil
    }

    /// By the brands of an ISO base media file: the major one, then those that it is compatible with.
    private static func mediaContainer(_ bytes: [UInt8]) -> String? {
        let size = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let brands = stride(from: 8, to: min(size, bytes.count, 256) - 3, by: 4).map { String(decoding: bytes[$0..<$0 + 4], as: UTF8.self) }
        if brands.contains("avif") || brands.contains("avis") { return "an AVIF image" }
        if brands.contains("crx ") { return "a raw camera image" }
        let names = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]
        return brands.contains(where: names.contains) ? "a HEIC image" : "a video or another ISO media file"
    }

    private static func isSVG(_ bytes: [UInt8]) -> Bool {
        let start = String(decoding: bytes.prefix(1024), as: UTF8.self)
        return start.contains("<svg")
    }
}
