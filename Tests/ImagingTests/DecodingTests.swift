import Checkpoint
import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct DecodingTests {
    @Test("every kind of PNG and JPEG becomes the RGB that it means")
    func kinds() throws {
        let expected = try SafetensorsFile(fixtures.appending(path: "images/expected.safetensors"))
        for name in expected.names {
            let image = try RGBImage(decoding: bytes(name))
            // Exact, but for the rounding of a composition over white.
            let isComposited = ["grey-alpha.png", "palette-transparent.png", "rgba.png", "rgba-16bit.png"].contains(name)
            #expect(difference(image, picture(try expected.tensor(name))) <= (isComposited ? 1 : 0), "\(name)")
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
        #expect(try code("truncated.jpg") == .malformed)
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

    @Test("a file cut anywhere is refused", arguments: ["rgb.png", "interlaced.png", "palette.png", "baseline.jpg", "progressive.jpg", "cmyk.jpg"])
    func cut(name: String) throws {
        let whole = try bytes(name)
        for count in stride(from: 0, to: whole.count - 1, by: max(1, whole.count / 97)) {
            #expect(throws: ImageError.self, "\(count) of \(whole.count) bytes") { try RGBImage(decoding: Array(whole.prefix(count))) }
        }
    }

    @Test(
        "a file changed anywhere is read or refused, never a trap",
        arguments: [
            "rgba-16bit.png", "interlaced.png", "palette-transparent.png", "orientation-6.png", "baseline.jpg", "progressive.jpg", "cmyk.jpg",
            "orientation-5.jpg",
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
