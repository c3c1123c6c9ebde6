import Checkpoint
import Foundation
import GLMImage
import Imaging
import Tensor
import TensorCPU
import Testing

@Suite struct PromptTests {
    @Test("the preview's grid is the reference's, rounded down", arguments: [
        (16, 16, 16, 16), (32, 32, 16, 16), (36, 24, 19, 13), (32, 36, 15, 16), (64, 64, 16, 16), (34, 60, 12, 21),
    ])
    func preview(height: Int, width: Int, previewHeight: Int, previewWidth: Int) {
        #expect(PromptProcessor.preview(of: GridSize(height: height, width: width)) == GridSize(height: previewHeight, width: previewWidth))
    }

    @Test("a request draws exactly its grids and the end token, the same for the same seed")
    func drawsAll() throws {
        let text = try TextGenerator(model: Fixture.model("tiny-mixed"), device: CPUDevice(threads: 2))
        // This checkpoint's head also covers ids that are no codes; none may be drawn.
        let request = TokenRequest(prompt: "a cat", height: 64, width: 96, seed: 5)
        let layout = try text.layout(request)
        var seen: [Int32] = []
        let result = try text.generate(request) { index, id in
            #expect(index == seen.count)
            seen.append(id)
        }
        #expect(seen.count == layout.totalTokens)
        #expect(layout.totalTokens == layout.preview!.count + 6 + 1)
        #expect(result.preview!.codes + result.target.codes == seen.dropLast())
        #expect(try text.generate(request) { _, _ in }.target == result.target)
        #expect(try text.generate(TokenRequest(prompt: "a cat", height: 64, width: 96, seed: 6)) { _, _ in }.target != result.target)
    }

    @Test("what onToken throws ends the drawing at once")
    func stops() throws {
        struct Stop: Error {}
        let text = try TextGenerator(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        var count = 0
        #expect(throws: Stop.self) {
            _ = try text.generate(TokenRequest(prompt: "a", height: 64, width: 64, seed: 1)) { index, _ in
                count += 1
                if index == 2 { throw Stop() }
            }
        }
        #expect(count == 3)
    }

    @Test("a prompt that opens a picture of its own is refused", arguments: ["a <|image|> b", "<|dit_token_"])
    func specialTokens(fragment: String) throws {
        let text = try TextGenerator(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        // The second case uses the checkpoint's own image-start token.
        let prompt = fragment.hasSuffix("_") ? "x" + (text.processor.bosText) : fragment
        #expect(throws: GLMImageError.self) { try text.layout(TokenRequest(prompt: prompt, height: 64, width: 64, seed: 1)) }
    }

    @Test("limits are named with the value", arguments: [
        (TokenRequest(prompt: "", height: 64, width: 64, seed: 1), "empty"),
        (TokenRequest(prompt: "  \n", height: 64, width: 64, seed: 1), "empty"),
        (TokenRequest(prompt: String(repeating: "a", count: 32_769), height: 64, width: 64, seed: 1), "32769 bytes, the limit is 32768"),
        (TokenRequest(prompt: "a", height: 1000, width: 64, seed: 1), "height 1000 is not a multiple of 32"),
        (TokenRequest(prompt: "a", height: 64, width: 0, seed: 1), "width 0 is outside 32 through 4096"),
        (TokenRequest(prompt: "a", height: 4096, width: 4096, seed: 1), "16777216 pixels, the limit is 4194304"),
        (TokenRequest(prompt: "a", height: 64, width: 64, seed: 1, sampling: SamplingOverride(temperature: .nan)), "temperature nan"),
        (TokenRequest(prompt: "a", height: 64, width: 64, seed: 1, sampling: SamplingOverride(topP: 0)), "top_p 0.0"),
        (TokenRequest(prompt: "a", height: 64, width: 64, sources: [CodeGrid(height: 1, width: 1, codes: [99_999])], seed: 1), "code 99999"),
    ])
    func limits(request: TokenRequest, message: String) throws {
        let text = try TextGenerator(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
        let error = #expect(throws: GLMImageError.self) { try text.layout(request) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("a guidance of NaN, no steps and codes of another size are refused")
    func renderLimits() throws {
        let renderer = try ImageRenderer(model: Fixture.model("tiny-f32"), device: CPUDevice(threads: 1))
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
        #expect(throws: GLMImageError.self) { try renderer.validate(request { $0.target = CodeGrid(height: 2, width: 2, codes: [0, 1, 2, 1 << 20]) }) }
    }
}
