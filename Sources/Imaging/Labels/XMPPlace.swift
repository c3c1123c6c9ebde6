import CImageCodecs
import Domain

/// Where each format keeps an XMP packet, in files as ``RGBImage`` writes them.
enum XMPPlace {
    /// An uncompressed text chunk directly behind the header.
    static func png(_ packet: ArraySlice<UInt8>, _ file: [UInt8]) throws(ImageError) -> [UInt8] {
        // Signature, and a chunk of 13 bytes with its length, name and checksum.
        let header = 8 + 4 + 4 + 13 + 4
        guard file.count >= header, file[12..<16].elementsEqual("IHDR".utf8), file.number(at: 8, count: 4) == 13 else {
            throw ImageError(.malformed, "PNG: the file does not begin with its header")
        }
        // Keyword; not compressed, no method; no language, no translated keyword.
        let data = Array("iTXtXML:com.adobe.xmp".utf8) + [0, 0, 0, 0, 0] + packet
        let chunk = bigEndian(data.count - 4, 4) + data + bigEndian(Int(glm_crc32(data, data.count)), 4)
        return file[..<header] + chunk + file[header...]
    }

    /// A segment behind those of JFIF and EXIF, which readers want first.
    static func jpeg(_ packet: ArraySlice<UInt8>, _ file: [UInt8]) throws(ImageError) -> [UInt8] {
        let data = Array("http://ns.adobe.com/xap/1.0/\0".utf8) + packet
        guard data.count + 2 <= 0xFFFF else { throw ImageError(.unsupportedVariant, "JPEG: a label of \(packet.count) bytes; a segment has 65,535") }
        var place = 2
        while let marker = file.number(at: place, count: 2), marker == 0xFFE0 || marker == 0xFFE1 {
            guard let length = file.number(at: place + 2, count: 2), length >= 2, length <= file.count - place - 2 else {
                throw ImageError(.malformed, "JPEG: a segment ends behind the file")
            }
            place += 2 + length
        }
        return file[..<place] + [0xFF, 0xE1] + bigEndian(data.count + 2, 2) + data + file[place...]
    }

    /// A chunk behind the pixels, which a chunk of the extended format announces: it is put in front.
    static func webp(_ packet: ArraySlice<UInt8>, _ file: [UInt8]) throws(ImageError) -> [UInt8] {
        guard file.count % 2 == 0, file.number(at: 4, count: 4, isLittleEndian: true) == file.count - 8 else {
            throw ImageError(.malformed, "WebP: the file is not as long as it says")
        }
        guard file.dropFirst(12).starts(with: "VP8 ".utf8) else { throw ImageError(.unsupportedVariant, "WebP: not a simple lossy file") }
        let size = try ImageFormat.webp.size(of: file)
        let hasXMP: UInt8 = 0x04
        let announcement =
            Array("VP8X".utf8) + littleEndian(10, 4) + [hasXMP, 0, 0, 0] + littleEndian(size.width - 1, 3) + littleEndian(size.height - 1, 3)
        let padding = [UInt8](repeating: 0, count: packet.count % 2)
        let chunks = file[12...] + Array("XMP ".utf8) + littleEndian(packet.count, 4) + packet + padding
        return Array("RIFF".utf8) + littleEndian(4 + announcement.count + chunks.count, 4) + Array("WEBP".utf8) + announcement + chunks
    }

    private static func bigEndian(_ value: Int, _ count: Int) -> [UInt8] { littleEndian(value, count).reversed() }

    private static func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
