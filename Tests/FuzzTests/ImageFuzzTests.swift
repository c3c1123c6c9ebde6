import Foundation
import Imaging
import Testing

extension FuzzTests {
    @Test("a picture has the size that its header tells, or is refused", arguments: ["png", "jpg", "webp"])
    func picture(kind: String) async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: fixtures.appending(path: "images").path).filter { $0.hasSuffix(kind) }
        let corpus = try names.sorted().map { Array(try Data(contentsOf: fixtures.appending(path: "images/\($0)"))) }
        var fuzzer = try Fuzzer(
            "picture-\(kind)", corpus: corpus, words: ["eXIf", "Exif\0\0MM\0*", "Exif\0\0II*\0", "IDAT", "tRNS", "\u{1}\u{12}", "IEND"])
        let limits = ImageLimits(maximumPixels: 1 << 18)
        var round = 0
        try await fuzzer.run { bytes in
            round += 1
            // With the checksums as they are, few changes get past the first look.
            let bytes = kind == "png" && round % 4 != 0 ? PNGChecksums.repaired(bytes) : bytes
            let header = try ImageHeader(bytes, limits: limits)
            let image = try RGBImage(decoding: bytes, limits: limits)
            guard image.width == header.width, image.height == header.height, image.pixels.count == image.width * image.height * 3 else {
                throw Finding("\(image.width) × \(image.height) after a header of \(header.width) × \(header.height)")
            }
        }
    }
}

extension FuzzTests {
    @Test("what a picture says of itself is read within bounds, and a file that takes a label keeps its pixels", arguments: ["png", "jpg", "webp"])
    func statement(kind: String) async throws {
        let image = RGBImage(width: 16, height: 8, pixels: [UInt8](repeating: 90, count: 16 * 8 * 3))
        let plain = try kind == "png" ? image.png() : kind == "jpg" ? image.jpeg() : image.webp()
        let label = ImplicitLabel(AIGCLabel(contentProducer: "p", produceID: "1"), source: .trainedAlgorithmicMedia)
        var fuzzer = try Fuzzer(
            "statement-\(kind)", corpus: [plain, try label.added(to: plain)],
            words: [
                "TC260:AIGC", ":AIGC>", ":AIGC=\"", "{&quot;Label&quot;:", "&#x", ";", "rdf:resource=", "iTXt", "tEXt", "parameters\0", "caBX",
                "C2PA", "VP8X",
            ])
        try await fuzzer.run { bytes in
            try attempt {
                let statement = try ImageStatement(bytes)
                guard statement.parameters?.unicodeScalars.count ?? 0 <= 1 << 20 else { throw Finding("parameters without a bound") }
            }
            let labelled = try label.added(to: bytes)
            // A file that was no picture before is none afterwards; one that was has the pixels that it had.
            let before = try RGBImage(decoding: bytes)
            guard try RGBImage(decoding: labelled) == before else { throw Finding("another picture by the label") }
        }
    }
}

/// Makes the checksums of a PNG's chunks right.
private enum PNGChecksums {
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var position = 8
        while position + 12 <= bytes.count {
            let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - position - 12 else { break }
            let sum = checksum(bytes[(position + 4)..<(position + 8 + length)])
            position += 8 + length
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                bytes[position] = UInt8(truncatingIfNeeded: sum >> shift)
                position += 1
            }
        }
        return bytes
    }

    private static let table = (0..<256 as Range<UInt32>).map {
        (0..<8).reduce($0) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }
}
