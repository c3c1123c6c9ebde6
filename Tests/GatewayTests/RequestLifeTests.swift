import Gateway
import Domain
import Testing
import Wire

@Suite struct RequestLifeTests {
    private func order(sources: Int) -> Order {
        Order(
            requestID: "r", prompt: "p", images: (0..<sources).map { [UInt8($0)] }, height: 64, width: 32, steps: 2, guidanceScale: 1.5, seed: 7,
            format: .png, jpegQuality: 0, sampling: nil)
    }

    private let layout = TokenLayout(preview: nil, target: GridSize(height: 2, width: 1), promptTokens: 5, totalTokens: 3)
    private let target = CodeGrid(height: 2, width: 1, codes: [1, 2])

    private func tokens(_ first: Int, _ ids: [Int32]) -> GenerateTokensEvent { .tokens(Tokens(first: first, ids: ids)) }

    @Test("text to image goes to text, then to diffusion, then is done")
    func textToImage() throws {
        var life = RequestLife(order(sources: 0))
        #expect(life.next == .generate(GenerateTokensRequest(prompt: "p", height: 64, width: 32, seed: 7)))
        #expect(life.received(.layout(layout), from: "0") == Progress(stage: "text", done: 0, total: 3))
        #expect(life.received(tokens(0, [1, 2]), from: "0") == Progress(stage: "text", done: 2, total: 3))
        #expect(
            life.received(.result(GeneratedTokens(preview: nil, target: target, timings: [Timing(phase: "decode", seconds: 1)])), from: "0") == nil)
        #expect(
            life.next == .render(RenderRequest(prompt: "p", height: 64, width: 32, target: target, steps: 2, guidanceScale: 1.5, seed: 7)))
        #expect(life.received(.step(RenderStep(step: 1, steps: 2)), from: "1") == Progress(stage: "diffusion", done: 1, total: 2))
        #expect(life.answer(build: "1") == nil)
        #expect(life.received(.result(RenderedImage(image: [9], format: .png, height: 64, width: 32)), from: "1") == nil)
        #expect(life.next == .done)
        let answer = try #require(life.answer(build: "1"))
        #expect(answer.image == [9] && answer.seed == 7)
        #expect(answer.timings == [StageTiming(stage: "text", instance: "0", phase: "decode", seconds: 1)])
    }

    @Test("image to image waits for the codes of every source, which may come in any order")
    func imageToImage() {
        var life = RequestLife(order(sources: 2))
        #expect(life.next == .encode(sources: 2))
        let first = CodeGrid(height: 1, width: 1, codes: [1]), second = CodeGrid(height: 1, width: 1, codes: [2])
        #expect(life.encoded(1, EncodeResponse(grid: second), by: "0") == Progress(stage: "vision", done: 1, total: 2))
        #expect(life.next == .encode(sources: 2))
        #expect(life.encoded(0, EncodeResponse(grid: first), by: "0") == Progress(stage: "vision", done: 2, total: 2))
        #expect(life.next == .generate(GenerateTokensRequest(prompt: "p", height: 64, width: 32, sources: [first, second], seed: 7)))
        _ = life.received(.result(GeneratedTokens(preview: nil, target: target)), from: "0")
        guard case .render(let request) = life.next else {
            Issue.record("\(life.next) is not render")
            return
        }
        #expect(request.sources == [SourcePicture(image: [0], codes: first), SourcePicture(image: [1], codes: second)])
    }

    @Test("progress does not go backwards when another text stage begins anew: the client hears what is new to it")
    func textAnew() {
        var life = RequestLife(order(sources: 0))
        _ = life.received(.layout(layout), from: "0")
        _ = life.received(tokens(0, [1, 2]), from: "0")
        #expect(life.received(.layout(layout), from: "1") == nil)
        #expect(life.received(tokens(0, [1]), from: "1") == nil)
        #expect(life.received(tokens(1, [2]), from: "1") == nil)
        #expect(life.received(tokens(2, [3]), from: "1") == Progress(stage: "text", done: 3, total: 3))
    }

    @Test("progress does not go backwards when another diffusion stage begins anew")
    func diffusionAnew() {
        var life = RequestLife(order(sources: 0))
        #expect(life.received(.step(RenderStep(step: 1, steps: 2)), from: "0") == Progress(stage: "diffusion", done: 1, total: 2))
        #expect(life.received(.step(RenderStep(step: 1, steps: 2)), from: "1") == nil)
        #expect(life.received(.step(RenderStep(step: 2, steps: 2)), from: "1") == Progress(stage: "diffusion", done: 2, total: 2))
    }

    @Test(
        "the answer names the models that have computed it: one where all are the same, else each with its kind",
        arguments: [
            ([.text: "aa", .diffusion: "aa"], "aa"),
            ([.diffusion: "bb", .vision: "aa", .text: "aa"], "vision:aa,text:aa,diffusion:bb"),
        ] as [([StageKind: String], String)])
    func fingerprints(_ models: [StageKind: String], _ joined: String) {
        var life = RequestLife(order(sources: 0))
        life.fingerprints = models
        _ = life.received(.result(RenderedImage(image: [9], format: .png, height: 64, width: 32)), from: "1")
        #expect(life.answer(build: "1")?.modelFingerprint == joined)
    }
}
