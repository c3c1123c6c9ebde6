import Domain
import Testing

@Suite struct ImageParametersTests {
    private static let least = ImageOptions(height: 64, width: 96, seed: 7)

    @Test("what is not set has its default; all that is set stays, also on the way back to options")
    func complete() throws {
        let plain = try ImageParameters(Self.least)
        #expect(plain.steps == 50 && plain.guidanceScale == 1.5 && plain.format == .png && plain.jpegQuality == 90 && plain.stepCache == 0)
        #expect(plain.sampling == Sampling() && plain.grid == GridSize(height: 2, width: 3))
        let all = ImageOptions(
            height: 64, width: 96, steps: 3, guidanceScale: 1, seed: .max, format: .jpeg, jpegQuality: 1, sampling: Sampling(greedy: true, topK: 5),
            stepCache: 0.25)
        #expect(try ImageParameters(all).options == all)
    }

    @Test(
        "a value outside its limits is refused with its name, value and limit",
        arguments: [
            (ImageOptions(height: 1000, width: 64, seed: 1), "height 1000 is not a multiple of 32 pixels"),
            (ImageOptions(height: 64, width: 0, seed: 1), "width 0 is outside 32 through 4096 pixels"),
            (ImageOptions(height: 4096, width: 4096, seed: 1), "width × height 4096 × 4096 is 16777216 pixels, the limit is 4194304"),
            (ImageOptions(height: 64, width: 64, steps: 0, seed: 1), "steps 0 is outside 1 through 200"),
            (ImageOptions(height: 64, width: 64, guidanceScale: .nan, seed: 1), "guidance_scale nan is outside 0.0 through 20.0"),
            (ImageOptions(height: 64, width: 64, seed: 1, jpegQuality: 101), "jpeg_quality 101 is outside 1 through 100"),
            (ImageOptions(height: 64, width: 64, seed: 1, sampling: Sampling(temperature: .nan)), "temperature nan is outside 0.01 through 10.0"),
            (ImageOptions(height: 64, width: 64, seed: 1, sampling: Sampling(topP: 0)), "top_p 0.0 is outside 0.001 through 1.0"),
            (ImageOptions(height: 64, width: 64, seed: 1, sampling: Sampling(topK: 0)), "top_k 0 is outside 1 through 1000000"),
            (ImageOptions(height: 64, width: 64, seed: 1, stepCache: 1.5), "step_cache 1.5 is outside 0.0 through 1.0"),
            (ImageOptions(height: 64, width: 64, seed: 1, stepCache: .nan), "step_cache nan is outside 0.0 through 1.0"),
            (ImageOptions(width: 64, seed: 1), "height is not set"),
            (ImageOptions(height: 64, seed: 1), "width is not set"),
            (ImageOptions(height: 64, width: 64), "seed is not set"),
        ])
    func limits(_ options: ImageOptions, _ message: String) {
        #expect(throws: RequestError(message)) { try ImageParameters(options) }
    }

    @Test("a prompt is neither empty nor longer than the limit", arguments: ["", " \n", String(repeating: "a", count: 32_769)])
    func prompt(_ prompt: String) throws {
        let parameters = try ImageParameters(Self.least)
        #expect(throws: RequestError.self) { try TokenRequest(prompt: prompt, parameters: parameters) }
        let target = CodeGrid(parameters.grid, codes: [1, 2, 3, 4, 5, 6])
        #expect(throws: RequestError.self) { try RenderRequest(prompt: prompt, parameters: parameters, target: target) }
    }

    @Test("codes are as many as their grid has cells, and a target is as large as its image")
    func grids() throws {
        #expect(throws: RequestError("codes has 3 elements for height 2, width 2")) { try CodeGrid(height: 2, width: 2, codes: [1, 2, 3]) }
        #expect(throws: RequestError.self) { try CodeGrid(height: .max, width: .max, codes: []) }
        #expect(throws: RequestError("target is 1 × 1 codes; a picture of 64 × 96 pixels has 2 × 3")) {
            try RenderRequest(prompt: "p", parameters: ImageParameters(Self.least), target: CodeGrid(height: 1, width: 1, codes: [1]))
        }
    }

    @Test("a source image begins as PNG, JPEG or WebP")
    func sources() throws {
        let codes = try CodeGrid(height: 1, width: 1, codes: [1])
        #expect(throws: RequestError("image: neither PNG, JPEG nor WebP by its first bytes")) { try SourceImage(image: [1, 2, 3], codes: codes) }
        #expect(try SourceImage(image: [0xff, 0xd8, 0xff], codes: codes).codes == codes)
    }
}
