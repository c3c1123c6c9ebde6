import Checkpoint
import Foundation
import Imaging
import Testing

@Suite struct ResizingTests {
    @Test("bicubic resizing is PIL's, byte for byte, enlarging and shrinking")
    func bicubic() throws {
        let file = try SafetensorsFile(fixtures.appending(path: "images/resize.safetensors"))
        for name in file.names where name.hasSuffix(".input") {
            let expected = picture(try file.tensor(name.replacing(".input", with: ".output")))
            let resized = picture(try file.tensor(name)).resized(width: expected.width, height: expected.height)
            #expect(difference(resized, expected) == 0, "\(name)")
        }
    }

    @Test("the size for the vision tower is the processor's, or refused where it refuses")
    func smartResize() throws {
        struct Case: Decodable {
            let height, width, factor, min_pixels, max_pixels: Int
            let result: [Int]?
        }
        struct File: Decodable { let cases: [Case] }
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: fixtures.appending(path: "text/smart-resize.json")))
        for item in file.cases {
            let size = try? SmartResize.size(
                height: item.height, width: item.width, factor: item.factor, minimumPixels: item.min_pixels, maximumPixels: item.max_pixels)
            #expect(size.map { [$0.height, $0.width] } == item.result, "\(item)")
        }
    }

    @Test("patches are normalised and ordered as the processor's pixel values")
    func patches() throws {
        // By the definition: patch row, patch column, channel, row, column.
        let image = scene(width: 12, height: 8)
        let values = image.patches(patchSize: 4, mean: [0.5, 0.4, 0.3], standardDeviation: [0.5, 0.25, 1], rescale: 1 / 255)
        #expect(values.count == image.pixels.count)
        for (index, value) in values.enumerated() {
            let (patch, inner) = (index / 48, index % 48)
            let (y, x) = (patch / 3 * 4 + inner % 16 / 4, patch % 3 * 4 + inner % 4)
            let channel = inner / 16
            let byte = Float(image.pixels[(y * 12 + x) * 3 + channel])
            let expected = (byte / 255 - [0.5, 0.4, 0.3][channel]) / [0.5, 0.25, 1][channel]
            #expect(abs(value - expected) < 1e-6)
        }
    }

    @Test("patches of merged blocks come block by block, with the same values")
    func blocks() {
        let image = scene(width: 12, height: 8)
        func patches(_ mergeSize: Int) -> [ArraySlice<Float>] {
            let values = image.patches(
                patchSize: 2, mergeSize: mergeSize, mean: [0.5, 0.4, 0.3], standardDeviation: [0.5, 0.25, 1], rescale: 1 / 255)
            return stride(from: 0, to: values.count, by: 12).map { values[$0..<$0 + 12] }
        }
        let raster = patches(1)
        for (index, patch) in patches(2).enumerated() {
            let (block, inner) = (index / 4, index % 4)
            let (row, column) = (block / 3 * 2 + inner / 2, block % 3 * 2 + inner % 2)
            #expect(Array(patch) == Array(raster[row * 6 + column]))
        }
    }
}
