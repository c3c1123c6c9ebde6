import Checkpoint
import Domain
import Foundation
import GLMImage
import Imaging
import Tensor
import TensorAscend
import TensorCPU
import Testing

/// The autoencoder in tiles on a card of little memory.
@Suite struct TilingTests {
    @Test("a picture that a card can't hold on its way through the autoencoder passes in tiles, both ways, and is the CPU's")
    func memory() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["MEMORY": "\(16 << 20)"])
            let folder = try TilingTests.model(tile: 64)
            defer { try? FileManager.default.removeItem(at: folder) }
            let model = try ModelFolder(folder)
            let device = try AscendDevice(0, precision: .f32, timeout: 60)
            let whole = try Autoencoder(model, on: device), tiled = try Autoencoder(model, on: device, tiled: true)
            let host = try Autoencoder(model, on: CPUDevice(threads: 2), tiled: true)

            let side = 416, shape = host.latentShape(height: side, width: side)
            var noise = Noise(9)
            let latents = noise(shape.count)
            #expect { try whole.decode(latents, shape) {} } throws: { ($0 as? DeviceError)?.kind == .outOfMemory }
            #expect(try TilingTests.distance(of: tiled.decode(latents, shape) {}, from: host.decode(latents, shape) {}) < Variant.f32.tolerance)

            let image = RGBImage(width: side, height: side, pixels: (0..<side * side * 3).map { UInt8(truncatingIfNeeded: $0 / 5) })
            #expect { try whole.encode(image) {} } throws: { ($0 as? DeviceError)?.kind == .outOfMemory }
            #expect(try TilingTests.distance(of: tiled.encode(image) {}, from: host.encode(image) {}) < Variant.f32.tolerance)
        }
    }

    /// The largest difference, of the largest true value.
    private static func distance(of values: [Float], from expected: [Float]) -> Double {
        Double(zip(values, expected).map { abs($0 - $1) }.max()! / expected.map(abs).max()!)
    }

    /// A copy of a checkpoint whose `sample_size`, and with it a tile's side, is another.
    private static func model(tile: Int) throws -> URL {
        let original = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/tiny-f32", directoryHint: .isDirectory)
        let copy = FileManager.default.temporaryDirectory.appending(path: "glm-tiles-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.copyItem(at: original.standardizedFileURL, to: copy)
        let file = copy.appending(path: "vae/config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacing("\"sample_size\": 1024", with: "\"sample_size\": \(tile)").write(to: file, atomically: true, encoding: .utf8)
        return copy
    }
}
