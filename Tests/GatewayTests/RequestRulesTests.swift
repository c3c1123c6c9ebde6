import Domain
import Gateway
import Testing
import Wire

@Suite struct RequestRulesTests {
    private let rules = RequestRules(defaultSide: 512)

    private func refusal(_ request: GenerateImageRequest) -> CallError? {
        do {
            _ = try rules.validate(request, requestID: "r", seed: 1)
            return nil
        } catch {
            return error
        }
    }

    @Test("what is left out takes its default, and what is given stays")
    func defaults() throws {
        let plain = try rules.validate(GenerateImageRequest(prompt: "p"), requestID: "r", seed: 11).parameters
        #expect(plain.height == 512 && plain.width == 512 && plain.steps == 50 && plain.guidanceScale == 1.5 && plain.seed == 11)
        let given = try rules.validate(
            GenerateImageRequest(prompt: "p", parameters: ImageOptions(height: 64, width: 96, steps: 3, guidanceScale: 1, seed: 5)), requestID: "r",
            seed: 11
        ).parameters
        #expect(given.height == 64 && given.width == 96 && given.steps == 3 && given.guidanceScale == 1 && given.seed == 5)
    }

    @Test(
        "a request outside the limits is INVALID_ARGUMENT with field, limit and value",
        arguments: [
            (GenerateImageRequest(prompt: ""), "prompt is empty; write what the picture shows"),
            (GenerateImageRequest(prompt: String(repeating: "x", count: 40_000)), "prompt has 40000 bytes, the limit is 32768"),
            (GenerateImageRequest(prompt: "p", parameters: ImageOptions(height: 100)), "height 100 is not a multiple of 32 pixels"),
            (GenerateImageRequest(prompt: "p", parameters: ImageOptions(width: 0)), "width 0 is outside 32 through 4096 pixels"),
            (
                GenerateImageRequest(prompt: "p", parameters: ImageOptions(height: 4096, width: 4096)),
                "width × height 4096 × 4096 is 16777216 pixels, the limit is 4194304"
            ),
            (GenerateImageRequest(prompt: "p", parameters: ImageOptions(steps: 0)), "steps 0 is outside 1 through 200"),
            (GenerateImageRequest(prompt: "p", parameters: ImageOptions(guidanceScale: .nan)), "guidance_scale nan is outside 0.0 through 20.0"),
            (GenerateImageRequest(prompt: "p", parameters: ImageOptions(sampling: Sampling(topP: 2))), "top_p 2.0 is outside 0.001 through 1.0"),
            (GenerateImageRequest(prompt: "p", parameters: ImageOptions(jpegQuality: 101)), "jpeg_quality 101 is outside 1 through 100"),
            (GenerateImageRequest(prompt: "p", images: Array(repeating: [0], count: 9)), "9 source images, the limit is 8"),
            (GenerateImageRequest(prompt: "p", pipeline: "song"), "pipeline \"song\" is not known; there are: image, answer"),
            (GenerateImageRequest(prompt: "p", user: String(repeating: "u", count: 513)), "user has 513 bytes, the limit is 512"),
            (GenerateImageRequest(prompt: "p", images: [[1, 2, 3]]), "images[0]: neither PNG, JPEG nor WebP by its first bytes"),
        ])
    func limits(_ request: GenerateImageRequest, _ message: String) {
        #expect(refusal(request) == CallError(.invalidArgument, message))
    }

    @Test("a picture whose header claims a huge size is refused by the header alone")
    func bomb() {
        // A PNG signature and an IHDR of 60000 × 60000; nothing follows.
        var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
        bytes += [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 2, 0, 0, 0, 0, 0, 0, 0]
        let answer = refusal(GenerateImageRequest(prompt: "p", images: [bytes]))
        #expect(answer?.status == .invalidArgument && answer?.message.hasPrefix("images[0]: ") == true)
    }

    @Test(
        "an edit that names no size gets the source's shape, not enlarged, at most the model's own area",
        arguments: [(100, 200, 96, 192), (2048, 1024, 736, 352), (10, 10, 32, 32), (512, 512, 512, 512)])
    func fit(_ height: Int, _ width: Int, _ expectedHeight: Int, _ expectedWidth: Int) {
        #expect(rules.fit(height: height, width: width) == (expectedHeight, expectedWidth))
    }
}
