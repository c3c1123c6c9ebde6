import Domain

// What each item of a footprint is counted from.

extension Footprint {
    /// The sizes in the safetensors headers.
    func weights(_ kind: StageKind) -> [MemoryItem] {
        let count = model.weights[kind] ?? WeightCount()
        guard form.onHost else { return [weights(count)] }
        let mapped = MemoryItem(
            .weights, count.fileBytes, "\(millions(count.parameters)), mapped from the file and shared by all that map it", isShared: true)
        let copies = MemoryItem(.widenedWeights, count.deviceCopyBytes + count.hostCopyBytes, "vectors and tables that are kept in f32")
        guard kind == .diffusion else { return [mapped, copies] }
        return [mapped, copies, MemoryItem(.packedWeights, 4 * model.packedConvolutionFloats, "the VAE's convolutions in the kernels' layout")]
    }

    func weights(_ count: WeightCount) -> MemoryItem {
        MemoryItem(.weights, count.acceleratorBytes(form.precision), "\(millions(count.parameters)) in \(form.precision)")
    }

    private func millions(_ parameters: Int) -> String {
        parameters < 1_000_000 ? "\(parameters) parameters" : "\(parameters / 1_000_000) million parameters"
    }

    /// Keys and values of whole pages for every sequence of a batch. A sequence is the longest prompt, the sources' codes, the
    /// preview and the picture with its end (transformers 5.23 `GlmImageProcessor`: a code for 32 × 32 pixels, a preview of at most
    /// 16 × 16).
    var keysAndValues: MemoryItem {
        let footprint = TextFootprint(model.text, elementBytes: cachedBytes)
        let pages = DecoderSizes.pages(rows: promptTokens + Self.preview + codes + 1)
        let bytes = footprint.pool(pages: form.batch * pages)
        return MemoryItem(
            .keysAndValues, Self.wholeMebibytes(bytes),
            "\(form.batch) × \(pages * DecoderSizes.pageRows) tokens × \(footprint.bytesPerToken) bytes")
    }

    /// Tokens of the longest prompt: its limit is in bytes, four of which make a token.
    private var promptTokens: Int { RequestLimits.promptBytes.upperBound / 4 + limits.sources * codes }
    private static let preview = 256

    var textActivations: MemoryItem {
        let footprint = TextFootprint(model.text, elementBytes: cachedBytes)
        return MemoryItem(
            .activations, footprint.batch(size: form.batch) + footprint.collecting(promptTokens: promptTokens),
            "\(max(DecoderSizes.prefillChunk, form.batch)) rows of a prompt at once, \(form.batch) rows of logits")
    }

    /// The processor halves a source's sides, so a patch stands for 32 × 32 of its pixels (transformers 5.23
    /// `GlmImageImageProcessor`).
    var visionActivations: MemoryItem {
        MemoryItem(.activations, VisionFootprint(model.vision, model.quantizer).encoding(patches: codes), "\(codes) patches")
    }

    /// None where edits are not planned for.
    var sourceCache: [MemoryItem] {
        guard limits.sources > 0 else { return [] }
        let footprint = TransformerFootprint(model.transformer, elementBytes: cachedBytes)
        let bytes = footprint.sourceCache(rows: limits.sources * imageTokens)
        return [
            MemoryItem(
                .sourceCache, Self.wholeMebibytes(bytes), "\(limits.sources) × \(imageTokens) tokens × \(footprint.sourceCache(rows: 1)) bytes")
        ]
    }

    /// Both branches of guidance on one device; text of the quoted strings up to `GlyphConfiguration.maximumLength`.
    var denoising: MemoryItem {
        let footprint = TransformerFootprint(model.transformer, elementBytes: cachedBytes)
        let glyphs = GlyphFootprint(model.glyph)
        let text = GlyphConfiguration.maximumLength
        let sources = limits.sources * imageTokens
        let stepping =
            footprint.denoising(image: imageTokens, text: text, sources: sources, unconditional: 1) + glyphs.embeddings(rows: text + 1)
        let writing = limits.sources > 0 ? footprint.writing(image: imageTokens) : 0
        let bytes = footprint.constant + max(stepping, writing, glyphs.encoding(rows: text, longest: text))
        return MemoryItem(.activations, bytes, "\(text + imageTokens) tokens with \(sources) of sources")
    }

    var decoding: MemoryItem {
        let footprint = VAEFootprint(model.vae)
        let pixels = form.vaeTiling ? footprint.tile(pixels: limits.pixels) : limits.pixels
        let bytes = max(footprint.decoding(pixels: pixels), limits.sources > 0 ? footprint.encoding(pixels: pixels) : 0)
        let channels = footprint.decodingElements(latents: pixels / (model.vae.scale * model.vae.scale)) / max(pixels, 1)
        return MemoryItem(
            .decoding, bytes, "3 images of \(pixels) pixels × \(channels) channels, \(form.vaeTiling ? "a tile" : "not tiled")")
    }

    /// Flags take whole mebibytes: a stage that is given this much takes no more than was counted.
    private static func wholeMebibytes(_ bytes: Int) -> Int {
        (bytes + ByteCount.mebibyte - 1) / ByteCount.mebibyte * ByteCount.mebibyte
    }
}
