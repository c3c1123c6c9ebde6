import Domain
import Gateway
import Testing
import Wire

@Suite struct ImagePipelineTests {
    private static let parameters = try! ImageParameters(ImageOptions(height: 64, width: 32, steps: 2, seed: 7))

    private func pipeline(sources: Int) -> ImagePipeline {
        ImagePipeline(ImageRequest(requestID: "r", prompt: "p", images: (0..<sources).map(image), parameters: Self.parameters), build: "1")
    }

    /// Begins as a PNG file; nothing here decodes it.
    private func image(_ index: Int) -> [UInt8] { [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, UInt8(index)] }

    private static let target = CodeGrid(parameters.grid, codes: [1, 2])
    private let target = Self.target
    private let layout = TokenLayout(preview: nil, target: GridSize(height: 2, width: 1), promptTokens: 5, totalTokens: 3)
    private let text = StageCall(.generate(try! TokenRequest(prompt: "p", parameters: Self.parameters)), units: 2)
    private let diffusion = StageCall(
        .render(try! RenderRequest(prompt: "p", parameters: Self.parameters, target: Self.target)), units: 2048.0 / 1_048_576 * 2 * 2)

    private func source(_ instance: String, _ fingerprint: String = "aa", precision: String = "f32") -> StageSource {
        StageSource(instance: instance, fingerprint: fingerprint, numerics: Numerics(precision: precision))
    }
    private func encoding(_ index: Int) -> StageCall { StageCall(index: index, .encode(EncodeRequest(image: image(index))), units: 1) }

    private func tokens(_ first: Int, _ ids: [Int32]) -> StageEvent { .text(.tokens(Tokens(first: first, ids: ids))) }
    private func step(_ step: Int) -> StageEvent { .diffusion(.step(RenderStep(step: step, steps: 2))) }
    private let picture = StageEvent.diffusion(.result(RenderedImage(image: [9], format: .png, height: 64, width: 32)))

    private func calls(_ pipeline: ImagePipeline) -> [StageCall]? {
        if case .calls(let calls, _)? = try? pipeline.next { calls } else { nil }
    }

    private func answer(_ pipeline: ImagePipeline) -> GeneratedImage? {
        if case .done(let image)? = try? pipeline.next { image } else { nil }
    }

    @Test("text to image goes to text, then to diffusion, then is done")
    func textToImage() throws {
        var pipeline = pipeline(sources: 0)
        #expect(calls(pipeline) == [text])
        #expect(pipeline.received(.text(.layout(layout)), for: text, from: source("0")) == .progress(Progress(stage: "text", done: 0, total: 3)))
        #expect(pipeline.received(tokens(0, [1, 2]), for: text, from: source("0")) == .progress(Progress(stage: "text", done: 2, total: 3)))
        let result = GeneratedTokens(preview: nil, target: target, timings: [Timing(phase: "decode", seconds: 1)])
        #expect(pipeline.received(.text(.result(result)), for: text, from: source("0")) == nil)
        guard case .calls([diffusion], let progress) = try pipeline.next else { throw Unexpected() }
        #expect(progress == .progress(Progress(stage: "diffusion", done: 0, total: 2)))
        #expect(pipeline.received(step(1), for: diffusion, from: source("1")) == .progress(Progress(stage: "diffusion", done: 1, total: 2)))
        #expect(answer(pipeline) == nil)
        #expect(pipeline.received(picture, for: diffusion, from: source("1")) == nil)
        let image = try #require(answer(pipeline))
        #expect(image.image == [9] && image.parameters == Self.parameters && image.build == "1")
        #expect(image.timings == [StageTiming(stage: "text", instance: "0", phase: "decode", seconds: 1)])
    }

    @Test("what the phases of a result took of the cards is told with them; what was not measured stays untold")
    func joules() throws {
        var pipeline = pipeline(sources: 0), measured = source("0")
        measured.joules = [12.5, nil]
        let timings = ["prefill", "decode", "more"].map { Timing(phase: $0, seconds: 1) }
        _ = pipeline.received(.text(.result(GeneratedTokens(preview: nil, target: target, timings: timings))), for: text, from: measured)
        _ = pipeline.received(picture, for: diffusion, from: source("1"))
        #expect(try #require(answer(pipeline)).timings.map(\.joules) == [12.5, nil, nil])
    }

    @Test("image to image reads all sources at the same time and waits for the codes of each, which may come in any order")
    func imageToImage() throws {
        var pipeline = pipeline(sources: 2)
        guard case .calls([encoding(0), encoding(1)], let progress) = try pipeline.next else { throw Unexpected() }
        #expect(progress == .progress(Progress(stage: "vision", done: 0, total: 2)))
        let first = CodeGrid(GridSize(height: 1, width: 1), codes: [1]), second = CodeGrid(GridSize(height: 1, width: 1), codes: [2])
        let early = pipeline.received(.encoded(EncodeResponse(grid: second)), for: encoding(1), from: source("0"))
        #expect(early == .progress(Progress(stage: "vision", done: 1, total: 2)))
        let late = pipeline.received(.encoded(EncodeResponse(grid: first)), for: encoding(0), from: source("0"))
        #expect(late == .progress(Progress(stage: "vision", done: 2, total: 2)))
        guard case .generate(let generate) = calls(pipeline)?.first?.request else { throw Unexpected() }
        #expect(generate.sources == [first, second])
        _ = pipeline.received(.text(.result(GeneratedTokens(preview: nil, target: target))), for: text, from: source("0"))
        guard case .render(let render) = calls(pipeline)?.first?.request else { throw Unexpected() }
        #expect(try render.sources == [SourceImage(image: image(0), codes: first), SourceImage(image: image(1), codes: second)])
    }

    @Test("codes of another size than the image are the text stage's mistake, not the caller's")
    func wrongTarget() {
        var pipeline = pipeline(sources: 0)
        let wrong = GeneratedTokens(target: CodeGrid(GridSize(height: 1, width: 1), codes: [1]))
        _ = pipeline.received(.text(.result(wrong)), for: text, from: source("0"))
        let error = #expect(throws: CallError.self) { try pipeline.next }
        #expect(error?.status == .internalError && error?.message.contains("target is 1 × 1 codes") == true)
    }

    @Test("a source picture that vision refuses is named by its place among the caller's")
    func refusedSource() {
        let error = CallError(.invalidArgument, "image: no PNG or JPEG")
        #expect(pipeline(sources: 2).refusal(error, of: encoding(1)).message == "images[1]: no PNG or JPEG")
        #expect(pipeline(sources: 2).refusal(error, of: text) == error)
    }

    @Test("progress does not go backwards when another text stage begins anew: the client hears what is new to it")
    func textAnew() {
        var pipeline = pipeline(sources: 0)
        _ = pipeline.received(.text(.layout(layout)), for: text, from: source("0"))
        _ = pipeline.received(tokens(0, [1, 2]), for: text, from: source("0"))
        #expect(pipeline.received(.text(.layout(layout)), for: text, from: source("1")) == nil)
        #expect(pipeline.received(tokens(0, [1]), for: text, from: source("1")) == nil)
        #expect(pipeline.received(tokens(1, [2]), for: text, from: source("1")) == nil)
        #expect(pipeline.received(tokens(2, [3]), for: text, from: source("1")) == .progress(Progress(stage: "text", done: 3, total: 3)))
    }

    @Test("progress does not go backwards when another diffusion stage begins anew")
    func diffusionAnew() {
        var pipeline = pipeline(sources: 0)
        #expect(pipeline.received(step(1), for: diffusion, from: source("0")) == .progress(Progress(stage: "diffusion", done: 1, total: 2)))
        #expect(pipeline.received(step(1), for: diffusion, from: source("1")) == nil)
        #expect(pipeline.received(step(2), for: diffusion, from: source("1")) == .progress(Progress(stage: "diffusion", done: 2, total: 2)))
    }

    @Test("the answer names what has computed it, by kind of stage")
    func fingerprints() {
        var pipeline = pipeline(sources: 0)
        _ = pipeline.received(.text(.result(GeneratedTokens(preview: nil, target: target))), for: text, from: source("0", "aa"))
        _ = pipeline.received(picture, for: diffusion, from: source("1", "bb"))
        #expect(answer(pipeline)?.modelFingerprint == "text:aa,diffusion:bb")
    }

    @Test("the answer tells the numerics that computed each kind: of a call that was made again those of the stage that ended it")
    func numerics() {
        var pipeline = pipeline(sources: 2)
        let codes = CodeGrid(GridSize(height: 1, width: 1), codes: [1])
        for (index, precision) in ["f32", "bf16"].enumerated() {
            _ = pipeline.received(
                .encoded(EncodeResponse(grid: codes)), for: encoding(index), from: source("\(index)", precision: precision))
        }
        _ = pipeline.received(.text(.layout(layout)), for: text, from: source("0", precision: "bf16"))
        _ = pipeline.received(.text(.result(GeneratedTokens(preview: nil, target: target))), for: text, from: source("1"))
        _ = pipeline.received(picture, for: diffusion, from: source("1"))
        #expect(answer(pipeline)?.numerics.map { "\($0.stage) \($0.numerics)" } == ["vision f32", "vision bf16", "text f32", "diffusion f32"])
    }

    @Test("usage is the prompt without the sources' codes, these, and all codes drawn, the preview's too")
    func usage() {
        var pipeline = pipeline(sources: 2)
        for index in 0..<2 {
            let codes = CodeGrid(GridSize(height: 1, width: 2), codes: [1, 2])
            _ = pipeline.received(.encoded(EncodeResponse(grid: codes)), for: encoding(index), from: source("0"))
        }
        let layout = TokenLayout(
            preview: GridSize(height: 3, width: 1), target: GridSize(height: 2, width: 1), promptTokens: 11, totalTokens: 6)
        _ = pipeline.received(.text(.layout(layout)), for: text, from: source("0"))
        _ = pipeline.received(.text(.result(GeneratedTokens(preview: nil, target: target))), for: text, from: source("0"))
        _ = pipeline.received(picture, for: diffusion, from: source("1"))
        #expect(answer(pipeline)?.usage == ImageUsage(textTokens: 7, imageTokens: 4, outputTokens: 5))
    }

    /// A step that is not the one expected.
    private struct Unexpected: Error {}
}
