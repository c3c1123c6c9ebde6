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
    private var record = StageRecord()

    package init(_ request: ImageRequest, build: String) {
        self.request = request
        self.build = build
        codes = request.images.map { _ in nil }
    }

    package var next: PipelineStep<Progress, GeneratedImage> {
        get throws(CallError) {
            if codes.contains(nil) { return .calls(encodings, news: Progress(stage: StageKind.vision.rawValue, done: 0, total: codes.count)) }
            if let picture { return .done(answer(picture)) }
            do {
                return try computation(codes.compactMap(\.self))
            } catch {
                throw CallError(.internalError, "a stage has answered what does not fit the request: \(error.message)")
            }
        }
    }

    /// The step that computes the codes of the image, or, where they are there, the image.
    private func computation(_ codes: [CodeGrid]) throws(RequestError) -> PipelineStep<Progress, GeneratedImage> {
        let parameters = request.parameters
        guard let target else {
            let tokens = try TokenRequest(prompt: request.prompt, parameters: parameters, sources: codes)
            return .calls([StageCall(.generate(tokens), units: request.units[.text] ?? 0)], news: nil)
        }
        var sources: [SourceImage] = []
        for (image, codes) in zip(request.images, codes) { sources.append(try SourceImage(image: image, codes: codes)) }
        let rendering = try RenderRequest(prompt: request.prompt, parameters: parameters, target: target, sources: sources)
        let call = StageCall(.render(rendering), units: request.units[.diffusion] ?? 0)
        return .calls([call], news: Progress(stage: StageKind.diffusion.rawValue, done: 0, total: parameters.steps))
    }

    private var encodings: [StageCall] {
        request.images.enumerated().map { StageCall(index: $0, .encode(EncodeRequest(image: $1)), units: 1) }
    }

    package mutating func received(_ event: StageEvent, for call: StageCall, from source: StageSource) -> Progress? {
        record.computed(by: call.request.kind, source)
        switch event {
        case .encoded(let response):
            // In any order.
            codes[call.index] = response.grid
            record.finished(response.timings, .vision, source)
            return Progress(stage: StageKind.vision.rawValue, done: codes.count { $0 != nil }, total: codes.count)
        case .text(let event): return received(event, source)
        case .diffusion(let event): return received(event, source)
        case .embedded, .answer: preconditionFailure("no call of an image is answered by \(event)")
        }
    }

    /// Every step is told.
    package static func merge(_ news: Progress, into last: inout Progress) -> Bool { false }

    private mutating func received(_ event: GenerateTokensEvent, _ source: StageSource) -> Progress? {
        switch event {
        case .layout(let layout):
            guard self.layout == nil else { return nil }
            self.layout = layout
        case .tokens(let made):
            // A stage that takes another's place begins anew; the client hears what is new to it.
            guard made.first + made.ids.count > tokens else { return nil }
            tokens = made.first + made.ids.count
        case .result(let result):
            target = result.target
            record.finished(result.timings, .text, source)
            return nil
        }
        return Progress(stage: StageKind.text.rawValue, done: tokens, total: layout?.totalTokens ?? 0)
    }

    private mutating func received(_ event: RenderEvent, _ source: StageSource) -> Progress? {
        switch event {
        case .step(let step):
            guard step.step > steps else { return nil }
            steps = step.step
            return Progress(stage: StageKind.diffusion.rawValue, done: step.step, total: step.steps)
        case .result(let result):
            picture = result
            record.finished(result.timings, .diffusion, source)
            return nil
        }
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
            timings: record.timings, numerics: record.numerics, usage: usage)
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
