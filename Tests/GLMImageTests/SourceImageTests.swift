import Checkpoint
import GLMImage
import ModelFixtures
import Imaging
import Domain
import Tensor
import TensorCPU
import Testing

@Suite struct SourceImageTests {
    @Test("any size within the aspect limit comes to one at which codes and latents agree")
    func agree() throws {
        let encoder = try VisionEncoder(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        for height in stride(from: 17, through: 900, by: 61) {
            for width in stride(from: 19, through: 900, by: 73) where max(height, width) <= 3 * min(height, width) {
                let size = try encoder.source.fittedSize(height: height, width: width)
                #expect(size.height % 32 == 0 && size.width % 32 == 0)
                let grid = try encoder.source.patches(
                    of: RGBImage(width: size.width, height: size.height, pixels: [UInt8](repeating: 9, count: size.width * size.height * 3))
                ).grid
                #expect(grid.height * 32 == size.height && grid.width * 32 == size.width, "\(height) × \(width)")
            }
        }
    }

    @Test("a picture that fits already is left as it is")
    func unchanged() throws {
        let encoder = try VisionEncoder(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        let image = RGBImage(width: 96, height: 64, pixels: (0..<96 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 * 7) })
        #expect(try encoder.source.fit(image) == image)
    }

    @Test("a ribbon is refused with its size")
    func ribbon() throws {
        let encoder = try VisionEncoder(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        let error = #expect(throws: RequestError.self) { try encoder.source.fittedSize(height: 50, width: 300) }
        #expect(error?.message.contains("300 × 50") == true)
    }
}
