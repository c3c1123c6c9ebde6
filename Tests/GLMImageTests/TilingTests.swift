import Checkpoint
import Foundation
import GLMImage
import ModelFixtures
import Imaging
import Domain
import Tensor
import TensorCPU
import Testing
import ModelConfiguration

/// The autoencoder in tiles, against `tiles.safetensors`.
@Suite struct TilingTests {
    @Test("in tiles the autoencoder computes what the reference computes in tiles, both ways")
    func agrees() throws {
        let file = try SafetensorsFile(Fixture.folder.appending(path: "tiles.safetensors"))
        try withTiles(64) { model in
            let autoencoder = try Autoencoder(model, on: CPUDevice(threads: 2), tiled: true)
            let shape = autoencoder.latentShape(height: 104, width: 112)
            // As close as a whole picture: the order of sums is all that differs.
            #expect(try error(of: autoencoder.decode(file.tensor("latents").hostFloats(), shape) {}, to: file.tensor("decoded").hostFloats()) < 2e-5)
            let image = RGBImage(width: 112, height: 104, pixels: try file.tensor("image").hostIntegers().map { UInt8($0) })
            #expect(try error(of: autoencoder.encode(image) {}, to: file.tensor("encoded").hostFloats()) < 2e-5)
        }
    }

    @Test("a picture no larger than a tile is the same to the bit, a larger one is not")
    func whole() throws {
        try withTiles(64) { model in
            let whole = try Autoencoder(model, on: CPUDevice(threads: 1)), tiled = try Autoencoder(model, on: CPUDevice(threads: 1), tiled: true)
            var noise = TorchGenerator(seed: 1)
            for (side, same) in [(56, true), (64, true), (72, false)] {
                let shape = whole.latentShape(height: 64, width: side), latents = noise.normal(count: shape.count)
                #expect(try (whole.decode(latents, shape) {} == tiled.decode(latents, shape) {}) == same)
                let image = RGBImage(width: side, height: 64, pixels: (0..<side * 64 * 3).map { UInt8(truncatingIfNeeded: $0 * 7) })
                #expect(try (whole.encode(image) {} == tiled.encode(image) {}) == same)
            }
        }
    }

    @Test("a sample_size that tiles can't divide is refused where tiles are asked for, and only there")
    func refused() throws {
        try withTiles(72) { model in
            _ = try Autoencoder(model, on: CPUDevice(threads: 1))
            let error = #expect(throws: GLMImageError.self) { try Autoencoder(model, on: CPUDevice(threads: 1), tiled: true) }
            #expect(error?.message == "vae sample_size 72 is no multiple of 32, so its pictures can't be cut into tiles")
        }
    }

    /// The checkpoint of the fixture with another `sample_size`.
    private func withTiles(_ side: Int, _ body: (ModelFolder) throws -> Void) throws {
        try Fixture.withCopy(of: "tiny-f32") { copy in
            let file = copy.appending(path: "vae/config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try text.replacing("\"sample_size\": 1024", with: "\"sample_size\": \(side)").write(to: file, atomically: true, encoding: .utf8)
            try body(try ModelFolder(copy))
        }
    }

    /// The largest difference, of the largest true value.
    private func error(of values: [Float], to expected: [Float]) -> Float {
        guard values.count == expected.count else { return .infinity }
        return zip(values, expected).map { abs($0 - $1) }.max()! / expected.map(abs).max()!
    }
}
