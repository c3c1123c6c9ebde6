import Domain
package import Wire

/// How far one image request is, and what comes next.
///
/// Text to image: text, then diffusion. Image to image: vision for every source, then text, then diffusion.
package struct ImagePipeline: Pipeline {
    package let request: ImageRequest
    /// Version of the program, for the answer.
    private let build: String
    private var codes: [CodeGrid?]
    private var target: CodeGrid?
    private var picture: RenderedImage?
    private var layout: TokenLayout?
    /// Tokens that the client has heard of.
    private var tokens = 0
    private var steps = 0
    private var preview = PreviewGrid()
    /// Partial images that the caller has been told.
    private var partials = 0
    /// The denoiser's step that the last of them shows.
    private var shownStep = 0
    private var record = StageRecord()

    package init(_ request: ImageRequest, build: String) {
        self.request = request
        self.build = build
        codes = request.images.map { _ in nil }
    }

    package var next: PipelineStep<GenerateImageEvent, GeneratedImage> {
        get throws(CallError) {
            if codes.contains(nil) { return .calls(encodings, news: progress(.vision, 0, codes.count)) }
            if let picture { return .done(answer(picture)) }
            do {
                return try computation(codes.compactMap(\.self))
            } catch {
                throw CallError(.internalError, "a stage has answered what does not fit the request: \(error.message)")
            }
        }
    }

    /// The step that computes the codes of the image, or, where they are there, the image.
    private func computation(_ codes: [CodeGrid]) throws(RequestError) -> PipelineStep<GenerateImageEvent, GeneratedImage> {
        let parameters = request.parameters
        guard let target else {
            let tokens = try TokenRequest(prompt: request.prompt, parameters: parameters, sources: codes)
            return .calls([StageCall(.generate(tokens), units: request.units[.text] ?? 0)], news: nil)
        }
        var sources: [SourceImage] = []
        for (image, codes) in zip(request.images, codes) { sources.append(try SourceImage(image: image, codes: codes)) }
        let rendering = try RenderRequest(
            prompt: request.prompt, parameters: parameters, target: target, sources: sources, explicitLabel: request.explicitLabel,
            partialImages: request.partialImages - partials)
        let call = StageCall(.render(rendering), units: request.units[.diffusion] ?? 0)
        return .calls([call], news: progress(.diffusion, 0, parameters.steps))
    }

    private var encodings: [StageCall] {
        request.images.enumerated().map { StageCall(index: $0, .encode(EncodeRequest(image: $1)), units: 1) }
    }

    package mutating func received(_ event: StageEvent, for call: StageCall, from source: StageSource) -> GenerateImageEvent? {
        if call.isSideCall { return receivedPreview(event) }
        record.computed(by: call.request.kind, source)
        switch event {
        case .encoded(let response):
            // In any order.
            codes[call.index] = response.grid
            record.finished(response.timings, .vision, source)
            return progress(.vision, codes.count { $0 != nil }, codes.count)
        case .text(let event): return received(event, source)
        case .diffusion(let event): return received(event, source)
        case .embedded, .answer: preconditionFailure("no call of an image is answered by \(event)")
        }
    }

    /// Every step is told.
    package static func merge(_ news: GenerateImageEvent, into last: inout GenerateImageEvent) -> Bool { false }

    /// The preview's rendering, once text has generated all of it. Of sources there is no preview.
    package mutating func takeSideCall() -> StageCall? {
        guard request.partialImages > 0, target == nil else { return nil }
        return preview.take().flatMap(request.rendering)
    }

    private mutating func received(_ event: GenerateTokensEvent, _ source: StageSource) -> GenerateImageEvent? {
        switch event {
        case .layout(let layout):
            preview.began(layout)
            guard self.layout == nil else { return nil }
            self.layout = layout
        case .tokens(let made):
            preview.received(made)
            // A stage that takes another's place begins anew; the client hears what is new to it.
            guard made.first + made.ids.count > tokens else { return nil }
            tokens = made.first + made.ids.count
        case .result(let result):
            target = result.target
            record.finished(result.timings, .text, source)
            return nil
        }
        return progress(.text, tokens, layout?.totalTokens ?? 0)
    }

    private mutating func received(_ event: RenderEvent, _ source: StageSource) -> GenerateImageEvent? {
        switch event {
        case .step(let step):
            guard step.step > steps else { return nil }
            steps = step.step
            return progress(.diffusion, step.step, step.steps)
        case .partial(let rendering):
            // A stage that takes another's place shows the same steps.
            guard rendering.step > shownStep else { return nil }
            shownStep = rendering.step
            return partial(rendering.image, rendering.format, height: rendering.height, width: rendering.width)
        case .result(let result):
            picture = result
            record.finished(result.timings, .diffusion, source)
            return nil
        }
    }

    private mutating func receivedPreview(_ event: StageEvent) -> GenerateImageEvent? {
        guard case .diffusion(.result(let picture)) = event else { return nil }
        return partial(picture.image, picture.format, height: picture.height, width: picture.width)
    }

    private mutating func partial(_ image: [UInt8], _ format: ImageFormat, height: Int, width: Int) -> GenerateImageEvent? {
        guard partials < request.partialImages else { return nil }
        defer { partials += 1 }
        return .partial(PartialImage(image: image, format: format, height: height, width: width, index: partials))
    }

    private func progress(_ kind: StageKind, _ done: Int, _ total: Int) -> GenerateImageEvent {
        .progress(Progress(stage: kind.rawValue, done: done, total: total))
    }

    /// Vision calls its one picture "image"; the caller sent several.
    package func refusal(_ error: CallError, of call: StageCall) -> CallError {
        guard error.status == .invalidArgument, call.request.kind == .vision else { return error }
        var error = error
        error.message = "images[\(call.index)]: \(error.message.trimmingPrefix("image: "))"
        return error
    }

    private func answer(_ picture: RenderedImage) -> GeneratedImage {
        GeneratedImage(
            image: picture.image, parameters: request.parameters, modelFingerprint: record.fingerprint, build: build,
            timings: record.timings, numerics: record.numerics, usage: usage, explicitLabel: request.explicitLabel,
            fullSteps: picture.fullSteps)
    }

    private var usage: ImageUsage {
        let sources = codes.reduce(0) { $0 + ($1?.codes.count ?? 0) }
        guard let layout else { return ImageUsage(imageTokens: sources) }
        // The prompt as the text stage counts it has the codes of the sources in it.
        return ImageUsage(
            textTokens: max(0, layout.promptTokens - sources), imageTokens: sources,
            outputTokens: (layout.preview?.count ?? 0) + layout.target.count)
    }
}
