import Checkpoint
import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct DecodingTests {
    @Test("every kind of PNG, JPEG and WebP becomes the RGB that it means")
    func kinds() throws {
        let expected = try SafetensorsFile(fixtures.appending(path: "images/expected.safetensors"))
        for name in expected.names {
            let image = try RGBImage(decoding: bytes(name))
            #expect(difference(image, picture(try expected.tensor(name))) == 0, "\(name)")
            let header = try ImageHeader(bytes(name))
            #expect(header.width == image.width && header.height == image.height, "\(name)")
        }
    }

    @Test("every broken or foreign file is refused")
    func refused() throws {
        let reasons = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: fixtures.appending(path: "images/refused/reasons.json")))
        for (name, reason) in reasons {
            #expect(throws: ImageError.self, "\(name): \(reason)") { try RGBImage(decoding: bytes("refused/\(name)")) }
        }
        func code(_ name: String) throws -> ImageError.Code? {
            #expect(throws: ImageError.self) { try RGBImage(decoding: bytes("refused/\(name)")) }?.code
        }
        #expect(try code("picture.gif") == .unsupportedFormat)
        #expect(try code("empty.png") == .unsupportedFormat)
        #expect(try code("bomb.png") == .tooLarge)
        #expect(try code("bomb.jpg") == .tooLarge)
        #expect(try code("bomb.webp") == .tooLarge)
        #expect(try code("truncated.jpg") == .malformed)
        #expect(try code("truncated.webp") == .malformed)
        #expect(try code("broken.webp") == .malformed)
        #expect(try code("bad-crc.png") == .malformed)
    }

    @Test("each limit is named with its value")
    func limits() throws {
        let png = try bytes("rgb.png")
        func message(_ limits: ImageLimits) -> String {
            #expect(throws: ImageError.self) { try RGBImage(decoding: png, limits: limits) }?.message ?? ""
        }
        #expect(message(ImageLimits(maximumBytes: 100)).contains("the limit is 100"))
        #expect(message(ImageLimits(maximumPixels: 959)).contains("40 × 24 = 960 pixels; the limit is 959"))
        #expect(message(ImageLimits(maximumSide: 39)).contains("the limit of a side is 39"))
        _ = try RGBImage(decoding: png, limits: ImageLimits(maximumBytes: png.count, maximumPixels: 960, maximumSide: 40))
    }

    @Test("a JPEG of more than a hundred scans is refused, as each costs a pass over the picture")
    func scans() throws {
        let jpeg = try bytes("progressive.jpg")
        // The last scan repeated: libjpeg would go over the whole picture for each.
        let scanStart = try #require((0..<jpeg.count - 1).last { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xDA })
        var bomb = Array(jpeg.dropLast(2))
        for _ in 0..<200 { bomb += jpeg[scanStart..<jpeg.count - 2] }
        bomb += [0xFF, 0xD9]
        let error = #expect(throws: ImageError.self) { try RGBImage(decoding: bomb) }
        #expect(error?.message.contains("100 scans") == true)
    }

    /// File names, and how many bytes behind the last pixel: a checksum of the compressed data (whose last bits may be cut with it), one
    /// of the chunk, and the end chunk; the end marker; a WebP file knows its length.
    private static let cuts = [
        ("rgb.png", 22), ("interlaced.png", 21), ("interlaced-alpha.png", 22), ("palette.png", 21), ("rgba.png", 21), ("baseline.jpg", 2),
        ("progressive.jpg", 2), ("restart.jpg", 2), ("cmyk.jpg", 2), ("lossy.webp", 0), ("lossless-alpha.webp", 0),
    ]

    @Test("a file cut before its last pixel is refused, and one cut behind it is read whole", arguments: cuts)
    func cut(name: String, behind: Int) throws {
        let whole = try bytes(name)
        let image = try RGBImage(decoding: whole)
        for count in stride(from: 0, to: whole.count - behind, by: max(1, whole.count / 97)) + [whole.count - behind - 1] {
            #expect(throws: ImageError.self, "\(count) of \(whole.count) bytes") { try RGBImage(decoding: Array(whole.prefix(count))) }
        }
        for count in (whole.count - behind)..<whole.count {
            #expect(try difference(RGBImage(decoding: Array(whole.prefix(count))), image) == 0, "\(count) of \(whole.count) bytes")
        }
    }

    @Test("an orientation in a text that decompresses to more than a megabyte is left unread")
    func textBomb() throws {
        let image = try RGBImage(decoding: bytes("text-bomb.png"))
        #expect(image.width == 40 && image.height == 24)
    }

    @Test(
        "a file changed anywhere is read or refused, never a trap",
        arguments: [
            "rgba-16bit.png", "interlaced.png", "palette-transparent.png", "orientation-6.png", "baseline.jpg", "progressive.jpg", "cmyk.jpg",
            "orientation-5.jpg", "orientation-xmp.jpg", "orientation-profile.png", "lossy-alpha.webp", "lossless.webp", "animated-alpha.webp",
            "orientation-6.webp",
        ])
    func fuzz(name: String) throws {
        let whole = try bytes(name)
        var random = SeededRandom("a changed \(name)")
        for _ in 0..<400 {
            var changed = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                // Most of the structure lies in front.
                let limit = Bool.random(using: &random) ? min(200, whole.count) : whole.count
                changed[Int.random(in: 0..<limit, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let image = try? RGBImage(decoding: changed, limits: ImageLimits(maximumPixels: 1 << 20)) {
                #expect(image.pixels.count == image.width * image.height * 3)
            }
        }
    }

    @Test("an orientation tag that can't be read leaves the picture as it is")
    func brokenOrientation() throws {
        let jpeg = try bytes("orientation-6.jpg")
        let upright = try RGBImage(decoding: jpeg)
        #expect(upright.width == 24 && upright.height == 40)
        let exif = try #require((0..<jpeg.count - 6).first { jpeg[$0..<$0 + 6].elementsEqual([0x45, 0x78, 0x69, 0x66, 0, 0]) }) + 6
        for (offset, value) in [(0, 0x58), (2, 0x58), (4, 0xFF), (5, 0xFF), (6, 0xFF), (7, 0xFF)] as [(Int, UInt8)] {
            var changed = jpeg
            changed[exif + offset] = value
            let image = try RGBImage(decoding: changed)
            #expect(image.width == 40 && image.height == 24)
        }
    }
}
