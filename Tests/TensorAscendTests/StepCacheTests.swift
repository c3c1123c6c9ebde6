import Domain
import Foundation
import GLMImage
import Imaging
import ModelFixtures
import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    /// Pictures of which steps are forecast.
    @Suite struct StepCacheTests {
        private static let steps = 12
        private static let source = RGBImage(width: 256, height: 256, pixels: (0..<256 * 256 * 3).map { UInt8(truncatingIfNeeded: $0 / 50) })

        private func draw(_ device: any Device, threshold: Float, edit: Bool) throws -> (picture: RGBImage, fullSteps: Int) {
            let renderer = try ImageRenderer(model: Fixture.model(Fixture.glmTiny), devices: DeviceGroup(device))
            let options = ImageOptions(height: 64, width: 96, steps: Self.steps, guidanceScale: 1.5, seed: 5, stepCache: threshold)
            let codes = CodeGrid(GridSize(height: 8, width: 8), codes: Array(0..<64))
            let request = try RenderRequest(
                prompt: "a \"cat\"", parameters: ImageParameters(options),
                target: CodeGrid(GridSize(height: 2, width: 3), codes: [3, 2, 1, 0, 4, 5]),
                sources: edit ? [SourceImage(image: Self.source.png(), codes: codes)] : [])
            var full = 0
            let picture = try renderer.render(request, images: edit ? [Self.source] : [], onDenoised: { full = $0 }, onStep: { _ in })
            return (picture, full)
        }

        @Test(
            "a picture with forecast steps is the CPU's, by the limits of a verified picture, and as many steps are computed in full",
            arguments: [Variant.f32, .bf16], [false, true])
        func picture(variant: Variant, edit: Bool) throws {
            // At a threshold of 1 the limits of forecasts in a row decide, whatever is rounded.
            let expected = try draw(CPUDevice(threads: 1), threshold: 1, edit: edit)
            let drawn = try draw(variant.device, threshold: 1, edit: edit)
            #expect(drawn.fullSteps == expected.fullSteps && expected.fullSteps < Self.steps)
            let differences = zip(drawn.picture.pixels, expected.picture.pixels).map { abs(Double($0) - Double($1)) }
            let mean = differences.reduce(0, +) / Double(differences.count), largest = differences.max() ?? 0
            let square = differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count)
            let psnr = square == 0 ? 99 : 10 * log10(255 * 255 / square)
            #expect(variant == .f32 ? largest <= 2 && mean <= 0.5 : psnr >= 30, "largest \(largest), mean \(mean), PSNR \(psnr)")
        }

        @Test("where the residual decides, the steps that are computed in full are the CPU's", arguments: [0.05, 0.2] as [Float])
        func decisions(threshold: Float) throws {
            let expected = try draw(CPUDevice(threads: 1), threshold: threshold, edit: false).fullSteps
            #expect(try draw(Variant.f32.device, threshold: threshold, edit: false).fullSteps == expected)
        }
    }
}
