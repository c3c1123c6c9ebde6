import Domain
import Imaging
import Testing

@Suite struct EncodingTests {
    @Test("PNG gives every pixel back", arguments: [(1, 1), (3, 2), (64, 48), (257, 131)])
    func png(width: Int, height: Int) throws {
        let image = scene(width: width, height: height)
        let encoded = try image.png()
        #expect(ImageFormat(magic: encoded) == .png)
        #expect(difference(try RGBImage(decoding: encoded), image) == 0)
    }

    @Test("JPEG comes close, closer at a higher quality", arguments: [(1, 1), (50, 33), (300, 200)])
    func jpeg(width: Int, height: Int) throws {
        let image = scene(width: width, height: height)
        func error(_ quality: Int) throws -> Double { try meanDifference(RGBImage(decoding: image.jpeg(quality: quality)), image) }
        #expect(try error(95) < 3)
        #expect(try error(95) <= error(20))
        #expect(try ImageFormat(magic: image.jpeg()) == .jpeg)
    }

    @Test("WebP comes close, closer at a higher quality", arguments: [(1, 1), (50, 33), (300, 200)])
    func webp(width: Int, height: Int) throws {
        let image = scene(width: width, height: height)
        func error(_ quality: Int) throws -> Double { try meanDifference(RGBImage(decoding: image.webp(quality: quality)), image) }
        // The format halves the resolution of colour, and the scene's squares differ in blue alone: Pillow comes to 15.1 and 16.3.
        let close = try error(90)
        #expect(close < 15, "\(close)")
        #expect(try close <= error(20))
        #expect(try ImageFormat(magic: image.webp()) == .webp)
    }

    @Test("a quality or a size that the format doesn't have is refused")
    func refused() {
        let image = scene(width: 2, height: 2)
        #expect(throws: ImageError.self) { try image.jpeg(quality: 0) }
        #expect(throws: ImageError.self) { try image.jpeg(quality: 101) }
        #expect(throws: ImageError.self) { try image.webp(quality: 0) }
        #expect(throws: ImageError.self) { try image.webp(quality: 101) }
        #expect(throws: ImageError.self) { try RGBImage(width: 16384, height: 1, pixels: [UInt8](repeating: 0, count: 49152)).webp() }
        #expect(throws: ImageError.self) { try RGBImage(width: 0, height: 0, pixels: []).png() }
        #expect(throws: ImageError.self) { try RGBImage(width: 70000, height: 1, pixels: [UInt8](repeating: 0, count: 210_000)).jpeg() }
    }
}
