import Foundation
import Imaging
import Testing

@Suite struct ExplicitLabelTests {
    private static func flat(_ width: Int, _ height: Int, _ value: UInt8) -> RGBImage {
        RGBImage(width: width, height: height, pixels: [UInt8](repeating: value, count: width * height * 3))
    }

    private static func labelled(_ image: RGBImage) -> RGBImage {
        var image = image
        image.drawExplicitLabel()
        return image
    }

    /// Of a grey, by WCAG 2.
    private static func luminance(_ value: UInt8) -> Double {
        let value = Double(value) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    @Test(
        "the words are at least a twentieth of the shorter side high, in the lower right, with a contrast of 4.5 to 1 on any ground",
        arguments: [(64, 64), (256, 256), (1024, 512), (512, 1024), (2048, 2048), (4096, 1024)], [0, 128, 255] as [UInt8])
    func legible(size: (width: Int, height: Int), ground: UInt8) throws {
        let before = Self.flat(size.width, size.height, ground), after = Self.labelled(before)
        let plate = ExplicitLabel(width: size.width, height: size.height).plate
        func value(_ x: Int, _ y: Int) -> UInt8 { after.pixels[(y * size.width + x) * 3] }
        // The corner of the plate has no ink.
        let paper = value(plate.x, plate.y)
        let inked = (plate.y..<plate.y + plate.height).filter { y in
            (plate.x..<plate.x + plate.width).contains { Int(value($0, y)) > Int(paper) + 60 }
        }
        let rows = try #require(inked.last) - inked[0] + 1
        #expect(rows * 20 >= min(size.width, size.height) && rows >= min(12, size.width / 4) - 1)
        let ink = (plate.y..<plate.y + plate.height).flatMap { y in (plate.x..<plate.x + plate.width).map { value($0, y) } }.max() ?? 0
        #expect((Self.luminance(ink) + 0.05) / (Self.luminance(paper) + 0.05) >= 4.5)
        #expect(inked[0] >= size.height / 2 && plate.x + plate.width <= size.width && plate.y + plate.height <= size.height)
    }

    @Test("each of the four signs has ink over the text's whole height")
    func signs() {
        let label = ExplicitLabel(width: 1024, height: 1024)
        let image = Self.labelled(Self.flat(1024, 1024, 0))
        // In hundredths of the height: where A, I, 生 and 成 stand.
        for (from, to) in [(0, 78), (92, 102), (116, 216), (230, 330)] {
            let columns = (label.text.x + from * label.text.height / 100)..<(label.text.x + to * label.text.height / 100)
            let rows = (0..<1024).filter { y in columns.contains { image.pixels[(y * 1024 + $0) * 3] > 100 } }
            #expect(rows.count >= label.text.height - 2 && rows.count <= label.text.height + 2, "\(from): \(rows.count)")
        }
    }

    @Test("outside of its ground the picture stays as it is, at every size that can be asked for", arguments: [32, 64, 96, 1024])
    func bounds(width: Int) {
        for height in [32, 96, 288] {
            let before = scene(width: width, height: height), after = Self.labelled(before)
            let plate = ExplicitLabel(width: width, height: height).plate
            var differs = false
            for y in 0..<height {
                let row = y * width * 3..<(y + 1) * width * 3
                let inside = (plate.y..<plate.y + plate.height).contains(y)
                if !inside, before.pixels[row] != after.pixels[row] { differs = true }
                let left = row.lowerBound..<row.lowerBound + plate.x * 3, right = row.lowerBound + (plate.x + plate.width) * 3..<row.upperBound
                if inside, before.pixels[left] != after.pixels[left] || before.pixels[right] != after.pixels[right] { differs = true }
            }
            #expect(!differs && before != after && plate.x >= 0 && plate.y >= 0)
        }
    }

    @Test("a crop from whole cells to any size from 96 pixels on leaves the label whole")
    func crops() {
        for side in 96...160 {
            let drawn = (side + 31) / 32 * 32
            let plate = ExplicitLabel(width: drawn, height: drawn).plate
            let start = (drawn - side) / 2
            #expect(plate.x >= start && plate.x + plate.width <= start + side && plate.y + plate.height <= start + side, "\(side)")
        }
    }
}
