import Checkpoint
import Foundation
import Imaging
import Tensor
import Testing

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: fixtures.appending(path: "images/\(name)"))) }

/// A `[height, width, 3]` tensor as a picture.
func picture(_ tensor: Tensor) -> RGBImage {
    RGBImage(width: tensor.shape[1], height: tensor.shape[0], pixels: tensor.hostIntegers().map { UInt8($0) })
}

/// The largest difference of two pictures' bytes, 256 for different sizes.
func difference(_ first: RGBImage, _ second: RGBImage) -> Int {
    guard first.width == second.width, first.height == second.height else { return 256 }
    return zip(first.pixels, second.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

/// The mean difference of two pictures' bytes, 256 for different sizes.
func meanDifference(_ first: RGBImage, _ second: RGBImage) -> Double {
    guard first.width == second.width, first.height == second.height else { return 256 }
    return zip(first.pixels, second.pixels).map { Double(abs(Int($0) - Int($1))) }.reduce(0, +) / Double(first.pixels.count)
}

/// A picture with soft and hard edges, the same on every run.
func scene(width: Int, height: Int) -> RGBImage {
    var pixels: [UInt8] = []
    for y in 0..<height {
        for x in 0..<width {
            let isDark = (x / 5 + y / 7) % 2 == 0
            pixels += [UInt8(x * 255 / width), UInt8(y * 255 / height), isDark ? 30 : 220]
        }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
}
