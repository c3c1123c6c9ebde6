import Checkpoint
import Foundation
import GLMImage
import ModelFixtures
import Imaging
import Domain
import ModelConfiguration
import Tensor
import TensorCPU
import Testing

@Suite struct PromptTests {
    @Test(
        "the preview's grid is the reference's, rounded down",
        arguments: [
            (16, 16, 16, 16), (32, 32, 16, 16), (36, 24, 19, 13), (32, 36, 15, 16), (64, 64, 16, 16), (34, 60, 12, 21),
        ])
    func preview(height: Int, width: Int, previewHeight: Int, previewWidth: Int) {
        #expect(PromptProcessor.preview(of: GridSize(height: height, width: width)) == GridSize(height: previewHeight, width: previewWidth))
    }

    @Test("a prompt that opens a picture of its own is refused", arguments: ["a <|image|> b", "<|dit_token_"])
    func specialTokens(fragment: String) throws {
        let text = try TextGenerator(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        // The second case uses the checkpoint's own image-start token.
        let prompt = fragment.hasSuffix("_") ? "x" + (text.processor.bosText) : fragment
        #expect(throws: RequestError.self) { try text.layout(Requests.tokens(prompt, 64, 64, seed: 1)) }
    }

    @Test("a code that the codebook does not have is refused, with its number")
    func codebook() throws {
        let text = try TextGenerator(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        _ = try text.layout(Requests.tokens("a", 64, 64, sources: [Requests.grid(1, 1, [0])], seed: 1))
        let error = #expect(throws: RequestError.self) {
            try text.layout(Requests.tokens("a", 64, 64, sources: [Requests.grid(1, 1, [99_999])], seed: 1))
        }
        #expect(error?.message.contains("source image 0 holds code 99999") == true)
    }

    @Test("numbers out of range are an error, not a black picture or a crash")
    func notFinite() {
        let error = #expect(throws: GLMImageError.self) { try Autoencoder.picture([0, 0, .nan, 0, 0, 0], height: 1, width: 2) }
        #expect(error?.code == .notFinite && error?.message.contains("row 0, column 0") == true)
    }

    @Test("a target or source codes that this checkpoint can't have are refused")
    func renderLimits() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        let parameters = Requests.parameters(64, 64)
        let unknown = try RenderRequest(prompt: "a", parameters: parameters, target: Requests.grid(2, 2, [0, 1, 2, 1 << 20]))
        let error = #expect(throws: RequestError.self) { try renderer.render(unknown, onStep: { _ in }) }
        #expect(error?.message.hasPrefix("target: code 1048576, the codebook has") == true)
        let image = RGBImage(width: 64, height: 64, pixels: Array(repeating: 0, count: 64 * 64 * 3))
        let source = try Requests.source(image, Requests.grid(1, 1, [0]))
        let target = Requests.grid(2, 2, [0, 1, 2, 3])
        let small = try RenderRequest(prompt: "a", parameters: parameters, target: target, sources: [source])
        let mismatch = #expect(throws: RequestError.self) { try renderer.render(small, images: [image], onStep: { _ in }) }
        #expect(mismatch?.message.hasPrefix("source image 0: codes of 1 × 1, a picture of") == true)
    }
}
