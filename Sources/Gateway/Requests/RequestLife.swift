package import Domain
package import Wire

/// How far one request is and what comes next: the decisions, without clocks or sockets.
///
/// Text to image: text, then diffusion. Image to image: vision for every source, then text, then diffusion.
package struct RequestLife: Sendable {
    package enum Step: Sendable, Hashable {
        /// Each of so many sources goes to vision; they may go at the same time.
        case encode(sources: Int)
        case generate(GenerateTokensRequest)
        case render(RenderRequest)
        case done
    }

    package let order: Order
    /// Of the models that have computed it so far.
    package var fingerprints: [StageKind: String] = [:]
    private var codes: [CodeGrid?]
    private var target: CodeGrid?
    private var picture: RenderedImage?
    private var tokens = (done: 0, total: 0)
    private var steps = 0
    private var timings: [StageTiming] = []

    package init(_ order: Order) {
        self.order = order
        codes = order.images.map { _ in nil }
    }

    package var next: Step {
        if codes.contains(nil) { return .encode(sources: codes.count) }
        let codes = codes.compactMap(\.self)
        guard let target else {
            return .generate(
                GenerateTokensRequest(
                    prompt: order.prompt, height: order.height, width: order.width, sources: codes, seed: order.seed, sampling: order.sampling))
        }
        guard picture == nil else { return .done }
        return .render(
            RenderRequest(
                prompt: order.prompt, height: order.height, width: order.width, target: target,
                sources: zip(order.images, codes).map(SourcePicture.init), steps: order.steps, guidanceScale: order.guidanceScale,
                seed: order.seed, format: order.format, jpegQuality: order.jpegQuality))
    }

    /// Vision has answered for one source, in any order.
    package mutating func encoded(_ index: Int, _ response: EncodeResponse, by instance: String) -> Progress {
        codes[index] = response.grid
        add(response.timings, .vision, instance)
        return Progress(stage: StageKind.vision.rawValue, done: codes.count { $0 != nil }, total: codes.count)
    }

    /// The text stage has sent an event; nil when there is nothing to tell the client.
    package mutating func received(_ event: GenerateTokensEvent, from instance: String) -> Progress? {
        switch event {
        case .layout(let layout):
            guard tokens.total == 0 else { return nil }
            tokens.total = layout.totalTokens
        case .tokens(let made):
            // A stage that takes another's place begins anew; the client is told what is new to it.
            guard made.first + made.ids.count > tokens.done else { return nil }
            tokens.done = made.first + made.ids.count
        case .result(let result):
            target = result.target
            add(result.timings, .text, instance)
            return nil
        }
        return Progress(stage: StageKind.text.rawValue, done: tokens.done, total: tokens.total)
    }

    /// The diffusion stage has sent an event; nil when there is nothing to tell the client.
    package mutating func received(_ event: RenderEvent, from instance: String) -> Progress? {
        switch event {
        case .step(let step):
            guard step.step > steps else { return nil }
            steps = step.step
            return Progress(stage: StageKind.diffusion.rawValue, done: step.step, total: step.steps)
        case .result(let result):
            picture = result
            add(result.timings, .diffusion, instance)
            return nil
        }
    }

    /// What the client gets at the end; nil before.
    package func answer(build: String) -> GeneratedImage? {
        picture.map {
            GeneratedImage(
                image: $0.image, format: $0.format, height: $0.height, width: $0.width, steps: order.steps,
                guidanceScale: order.guidanceScale, seed: order.seed, modelFingerprint: Pipeline.joined(fingerprints), build: build, timings: timings)
        }
    }

    private mutating func add(_ timings: [Timing], _ kind: StageKind, _ instance: String) {
        self.timings += timings.map { StageTiming(stage: kind.rawValue, instance: instance, phase: $0.phase, seconds: $0.seconds) }
    }
}
