import Checkpoint
import Foundation
import GLMImage
import ModelFixtures
import Imaging
import Domain
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
        #expect(throws: GLMImageError.self) { try text.layout(TokenRequest(prompt: prompt, height: 64, width: 64, seed: 1)) }
    }

    @Test("limits are named with the value")
    func limits() throws {
        let text = try TextGenerator(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        func refusal(_ edit: (inout TokenRequest) -> Void) -> String {
            var request = TokenRequest(prompt: "a", height: 64, width: 64, seed: 1)
            edit(&request)
            do {
                _ = try text.layout(request)
                return "accepted"
            } catch { return "\(error)" }
        }
        #expect(refusal { _ in } == "accepted")
        #expect(refusal { $0.prompt = "" }.contains("empty"))
        #expect(refusal { $0.prompt = "  \n" }.contains("empty"))
        #expect(refusal { $0.prompt = String(repeating: "a", count: 32_769) }.contains("32769 bytes, the limit is 32768"))
        #expect(refusal { $0.height = 1000 }.contains("height 1000 is not a multiple of 32"))
        #expect(refusal { $0.width = 0 }.contains("width 0 is outside 32 through 4096"))
        #expect(
            refusal {
                $0.height = 4096; $0.width = 4096
            }.contains("16777216 pixels, the limit is 4194304"))
        #expect(refusal { $0.sampling.temperature = .nan }.contains("temperature nan"))
        #expect(refusal { $0.sampling.topP = 0 }.contains("top_p 0.0"))
        #expect(refusal { $0.sources = [CodeGrid(height: 1, width: 1, codes: [99_999])] }.contains("code 99999"))
    }

    @Test("numbers out of range are an error, not a black picture or a crash")
    func notFinite() {
        let error = #expect(throws: GLMImageError.self) { try Autoencoder.picture([0, 0, .nan, 0, 0, 0], height: 1, width: 2) }
        #expect(error?.code == .notFinite && error?.message.contains("row 0, column 0") == true)
    }

    @Test("a guidance of NaN, no steps and codes of another size are refused")
    func renderLimits() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), devices: DeviceGroup(CPUDevice(threads: 1)))
        let codes = CodeGrid(height: 2, width: 2, codes: [0, 1, 2, 3])
        func request(_ edit: (inout RenderRequest) -> Void) -> RenderRequest {
            var request = RenderRequest(prompt: "a", height: 64, width: 64, target: codes, steps: 1, guidanceScale: 1.5, seed: 0)
            edit(&request)
            return request
        }
        try renderer.validate(request { _ in })
        #expect(throws: GLMImageError.self) { try renderer.validate(request { $0.guidanceScale = .nan }) }
        #expect(throws: GLMImageError.self) { try renderer.validate(request { $0.steps = 0 }) }
        #expect(throws: GLMImageError.self) { try renderer.validate(request { $0.width = 96 }) }
        #expect(throws: GLMImageError.self) {
            try renderer.validate(request { $0.target = CodeGrid(height: 2, width: 2, codes: [0, 1, 2, 1 << 20]) })
        }
    }
}
