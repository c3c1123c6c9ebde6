import Domain
import Gateway
import Testing
import Wire

/// Partial images as a pipeline decides about them.
@Suite struct PreviewTests {
    private static let grid = GridSize(height: 16, width: 16)
    private let text = StageSource(instance: "0", fingerprint: "aa"), diffusion = StageSource(instance: "1", fingerprint: "bb")

    private func pipeline(
        side: Int = 1024, steps: Int = 50, guidance: Float = 1.5, partials: Int = 3, images: [[UInt8]] = []
    ) throws -> ImagePipeline {
        let options = ImageOptions(
            height: side, width: side, steps: steps, guidanceScale: guidance, seed: 7, format: .webp, jpegQuality: 55, stepCache: 0.5)
        let request = ImageRequest(
            requestID: "r", prompt: "p", images: images, parameters: try ImageParameters(options), partialImages: partials)
        return ImagePipeline(request, build: "1")
    }

    private func call(_ pipeline: ImagePipeline) throws -> StageCall {
        guard case .calls(let calls, _) = try pipeline.next else { throw Unexpected() }
        return try #require(calls.first)
    }

    private func layout(_ pipeline: ImagePipeline, preview: GridSize? = grid) -> StageEvent {
        .text(.layout(TokenLayout(preview: preview, target: pipeline.request.parameters.grid, totalTokens: 4096)))
    }

    private func tokens(_ range: Range<Int>) -> StageEvent { .text(.tokens(Tokens(first: range.lowerBound, ids: range.map(Int32.init)))) }

    /// Text generates its preview and a little more.
    private func generatePreview(_ pipeline: inout ImagePipeline) throws {
        let call = try call(pipeline)
        _ = pipeline.received(layout(pipeline), for: call, from: text)
        for start in stride(from: 0, to: 260, by: 10) { _ = pipeline.received(tokens(start..<start + 10), for: call, from: text) }
    }

    private func finishText(_ pipeline: inout ImagePipeline) throws {
        let size = pipeline.request.parameters.grid
        let target = CodeGrid(size, codes: [Int32](repeating: 1, count: size.count))
        _ = pipeline.received(.text(.result(GeneratedTokens(target: target))), for: try call(pipeline), from: text)
    }

    private func take(_ pipeline: inout ImagePipeline) -> StageCall? { pipeline.takeSideCall() }

    private func partial(_ event: GenerateImageEvent?) -> PartialImage? {
        if case .partial(let partial) = event { partial } else { nil }
    }

    private func rendered(_ step: Int) -> StageEvent {
        .diffusion(.partial(PartialRendering(image: [UInt8(step)], format: .webp, height: 512, width: 512, step: step)))
    }

    @Test("text's small grid is rendered at its own size, in few steps and without guidance, as soon as it is complete, and once")
    func rendering() throws {
        var pipeline = try pipeline()
        let generate = try call(pipeline)
        _ = pipeline.received(layout(pipeline), for: generate, from: text)
        _ = pipeline.received(tokens(0..<255), for: generate, from: text)
        #expect(take(&pipeline) == nil)
        _ = pipeline.received(tokens(255..<270), for: generate, from: text)
        let sideCall = try #require(take(&pipeline))
        #expect(take(&pipeline) == nil)
        guard case .render(let request) = sideCall.request else { throw Unexpected() }
        #expect(sideCall.isSideCall && request.target == CodeGrid(Self.grid, codes: Array(0..<256)) && request.partialImages == 0)
        let expected = ImageOptions(height: 512, width: 512, steps: 8, guidanceScale: 1, seed: 7, format: .webp, jpegQuality: 80)
        #expect(try request.parameters == ImageParameters(expected))
    }

    @Test("it is the first partial image; the denoiser makes the rest, and the answer knows nothing of it")
    func first() throws {
        var pipeline = try pipeline()
        try generatePreview(&pipeline)
        let sideCall = try #require(take(&pipeline))
        #expect(pipeline.received(.diffusion(.step(RenderStep(step: 1, steps: 8))), for: sideCall, from: diffusion) == nil)
        let picture = RenderedImage(image: [9], format: .webp, height: 512, width: 512, timings: [Timing(phase: "vae", seconds: 1)])
        #expect(
            partial(pipeline.received(.diffusion(.result(picture)), for: sideCall, from: diffusion))
                == PartialImage(image: [9], format: .webp, height: 512, width: 512, index: 0))
        try finishText(&pipeline)
        let render = try call(pipeline)
        guard case .render(let request) = render.request else { throw Unexpected() }
        #expect(request.partialImages == 2 && request.parameters == pipeline.request.parameters)
        #expect(partial(pipeline.received(rendered(17), for: render, from: diffusion))?.index == 1)
        #expect(partial(pipeline.received(rendered(34), for: render, from: diffusion))?.index == 2)
        _ = pipeline.received(.diffusion(.result(RenderedImage(image: [1]))), for: render, from: diffusion)
        guard case .done(let image) = try pipeline.next else { throw Unexpected() }
        #expect(image.image == [1] && image.timings.isEmpty)
    }

    @Test("where it was not rendered, the denoiser makes all; a stage that takes another's place shows nothing twice")
    func retried() throws {
        var pipeline = try pipeline()
        try finishText(&pipeline)
        #expect(take(&pipeline) == nil)
        let render = try call(pipeline)
        guard case .render(let request) = render.request else { throw Unexpected() }
        #expect(request.partialImages == 3)
        #expect(partial(pipeline.received(rendered(13), for: render, from: diffusion))?.index == 0)
        #expect(pipeline.received(rendered(13), for: render, from: text) == nil)
        #expect(partial(pipeline.received(rendered(25), for: render, from: text))?.index == 1)
        #expect(partial(pipeline.received(rendered(38), for: render, from: text))?.index == 2)
        // A stage that sends more than it was asked for.
        #expect(pipeline.received(rendered(40), for: render, from: text) == nil)
    }

    @Test("text that begins anew on another stage gives its grid again from the beginning, and it is rendered once")
    func textAnew() throws {
        var pipeline = try pipeline()
        let generate = try call(pipeline)
        _ = pipeline.received(layout(pipeline), for: generate, from: text)
        _ = pipeline.received(tokens(0..<100), for: generate, from: text)
        try generatePreview(&pipeline)
        guard case .render(let request)? = take(&pipeline)?.request else { throw Unexpected() }
        #expect(request.target.codes == Array(0..<256))
        try generatePreview(&pipeline)
        #expect(take(&pipeline) == nil)
    }

    @Test("nothing is rendered for who asked for no partial images, of a grid that no image can have, and beside a request that is small itself")
    func notWorthIt() throws {
        for (side, steps, guidance, partials, isRendered) in [
            (1024, 50, 1.5, 1, true), (1024, 50, 1.5, 0, false), (512, 50, 1.5, 3, false), (1024, 20, 1.5, 3, true), (1024, 20, 1, 3, false),
            (2048, 10, 1.5, 3, true),
        ] as [(Int, Int, Float, Int, Bool)] {
            var pipeline = try pipeline(side: side, steps: steps, guidance: guidance, partials: partials)
            try generatePreview(&pipeline)
            #expect((take(&pipeline) != nil) == isRendered, "\(side), \(steps) steps, guidance \(guidance), \(partials)")
        }
        for grid in [GridSize(), GridSize(height: 4_294_967_295, width: 4_294_967_295), GridSize(height: 129, width: 1)] {
            var pipeline = try pipeline()
            _ = pipeline.received(layout(pipeline, preview: grid), for: try call(pipeline), from: text)
            _ = pipeline.received(tokens(0..<300), for: try call(pipeline), from: text)
            #expect(take(&pipeline) == nil)
        }
    }

    /// A step that is not the one expected.
    private struct Unexpected: Error {}
}
