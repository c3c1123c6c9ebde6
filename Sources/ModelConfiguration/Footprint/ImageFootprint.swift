import Domain

/// What the stages of an image model take beside their weights, and what each item is counted from.
struct ImageFootprint {
    private let model: ImageConfigurations
    private let weights: CheckpointWeights
    private let limits: Footprint.Limits
    private let form: Footprint.Form

    init(_ model: ImageConfigurations, _ weights: CheckpointWeights, _ limits: Footprint.Limits, _ form: Footprint.Form) {
        self.model = model
        self.weights = weights
        self.limits = limits
        self.form = form
    }

    func items(_ kind: StageKind) -> [MemoryItem] {
        switch kind {
        case .vision: [visionActivations]
        case .text: [keysAndValues, textActivations]
        case .diffusion: sourceCache + stepCache(texts: [GlyphConfiguration.maximumLength, Self.emptyText]) + [denoising, decoding]
        }
    }

    /// Of a device that computes a part of the passes of both branches of guidance, or of the conditional one, and nothing else.
    var rank: [MemoryItem] { sourceCache + stepCache(texts: [GlyphConfiguration.maximumLength, Self.emptyText]) + [passes] }

    /// Of a device that computes the unconditional branch of guidance, or a part of it, and nothing else.
    var guidance: [MemoryItem] {
        let bytes = transformer.constant + transformer.denoising(image: imageTokens, text: Self.emptyText, sources: 0, unconditional: nil)
        return stepCache(texts: [Self.emptyText]) + [MemoryItem(.activations, bytes, "\(imageTokens) image tokens")]
    }

    /// Tokens of the transformer for the largest picture.
    private var imageTokens: Int { model.tokens(pixels: limits.pixels) }

    /// Codes of the largest picture.
    private var codes: Int { limits.pixels / (RequestLimits.sizeMultiple * RequestLimits.sizeMultiple) }

    // MARK: Text

    private var text: TextFootprint { TextFootprint(model.text.shape, form, activationBytes: form.activationBytes(weights.stage(.text))) }

    /// Keys and values of whole pages for every sequence of a batch. A sequence is the longest prompt, the sources' codes, the
    /// preview and the picture with its end (transformers 5.23 `GlmImageProcessor`: a code for 32 × 32 pixels, a preview of at most
    /// 16 × 16).
    private var keysAndValues: MemoryItem { text.keysAndValues(sequences: form.batch, rows: sequence) }
    private var sequence: Int { promptTokens + Self.preview + codes + 1 }

    /// Tokens of the longest prompt: its limit is in bytes, four of which make a token.
    private var promptTokens: Int { RequestLimits.promptBytes.upperBound / 4 + limits.sources * codes }
    private static let preview = 256

    private var textActivations: MemoryItem {
        text.activations(
            rows: form.stepRows, promptTokens: promptTokens, longest: sequence, pool: keysAndValues.bytes, onHost: form.onHost)
    }

    // MARK: Vision

    /// The processor halves a source's sides, so a patch stands for 32 × 32 of its pixels (transformers 5.23
    /// `GlmImageImageProcessor`).
    private var visionActivations: MemoryItem {
        let footprint = VisionFootprint(model.vision, model.quantizer, activationBytes: form.activationBytes(weights.stage(.vision)))
        return MemoryItem(.activations, footprint.encoding(patches: codes), "\(codes) patches")
    }

    // MARK: Diffusion

    private var transformer: TransformerFootprint {
        TransformerFootprint(
            model.transformer, elementBytes: form.cachedBytes, activationBytes: form.activationBytes(weights.part(.transformer)),
            share: TransformerShare(form.division, ranks: form.ranks))
    }

    /// None where edits are not planned for.
    private var sourceCache: [MemoryItem] {
        guard limits.sources > 0 else { return [] }
        let bytes = transformer.sourceCache(rows: limits.sources * imageTokens)
        return [
            MemoryItem(
                .sourceCache, ByteCount.wholeMebibytes(bytes),
                "\(limits.sources) × \(imageTokens) tokens × \(transformer.sourceCache(rows: 1)) bytes")
        ]
    }

    /// Rows of the unconditional branch's text.
    private static let emptyText = 1

    /// None where no request may have steps cached.
    /// - Parameter texts: rows of text of each branch of guidance.
    private func stepCache(texts: [Int]) -> [MemoryItem] {
        guard form.stepCache else { return [] }
        let kept = texts.reduce(0) { $0 + transformer.stepCache(image: imageTokens, text: $1) }
        return [
            MemoryItem(
                .stepCache, kept + (texts.map { transformer.comparing(image: imageTokens, text: $0) }.max() ?? 0),
                "\(texts.count) × \(imageTokens) tokens, \(StepCaching.order + 1) terms and 2 residuals")
        ]
    }

    /// Both branches of guidance on one device; text of the quoted strings up to `GlyphConfiguration.maximumLength`.
    private var denoising: MemoryItem {
        let glyphs = GlyphFootprint(model.glyph, activationBytes: form.activationBytes(weights.part(.textEncoder)))
        let text = GlyphConfiguration.maximumLength
        let bytes =
            transformer.constant
            + max(stepping + glyphs.embeddings(rows: text + Self.emptyText), writing, glyphs.encoding(rows: text, longest: text))
        return MemoryItem(.activations, bytes, tokens)
    }

    /// The same without what the main device alone does. The embeddings of the glyphs are uploaded in f32.
    private var passes: MemoryItem {
        let embeddings = GlyphFootprint(model.glyph).embeddings(rows: GlyphConfiguration.maximumLength + Self.emptyText)
        return MemoryItem(.activations, transformer.constant + max(stepping + embeddings, writing), tokens)
    }

    private var stepping: Int {
        transformer.denoising(
            image: imageTokens, text: GlyphConfiguration.maximumLength, sources: limits.sources * imageTokens, unconditional: Self.emptyText)
    }

    private var writing: Int { limits.sources > 0 ? transformer.writing(image: imageTokens) : 0 }

    private var tokens: String {
        let ranks = form.ranks > 1 ? ", a part of \(form.ranks)" : ""
        return "\(GlyphConfiguration.maximumLength + imageTokens) tokens with \(limits.sources * imageTokens) of sources\(ranks)"
    }

    private var decoding: MemoryItem {
        let footprint = VAEFootprint(model.vae)
        let pixels = form.vaeTiling ? footprint.tile(pixels: limits.pixels) : limits.pixels
        let bytes = max(footprint.decoding(pixels: pixels), limits.sources > 0 ? footprint.encoding(pixels: pixels) : 0)
        let channels = footprint.decodingElements(latents: pixels / (model.vae.scale * model.vae.scale)) / max(pixels, 1)
        return MemoryItem(
            .decoding, bytes, "3 images of \(pixels) pixels × \(channels) channels, \(form.vaeTiling ? "a tile" : "not tiled")")
    }
}
