public import Domain

/// What one stage takes of its device's memory, item by item, for the largest requests that it is planned for.
///
/// Items add up: the memory of one phase of a request may stay with the device while the next phase takes its own.
public struct Footprint: Sendable {
    /// The largest requests.
    public struct Limits: Sendable, Hashable {
        /// Area of the largest picture.
        public var pixels: Int
        /// Source images of an edit, each as large as `pixels`.
        public var sources: Int

        public init(pixels: Int, sources: Int) {
            self.pixels = pixels
            self.sources = sources
        }
    }

    /// How the stage computes.
    public struct Form: Sendable, Hashable {
        /// Weights are read in the mapped files and convolutions packed; else they are copied to an accelerator.
        public var onHost: Bool
        public var precision: Precision
        /// Sequences that the text stage works on together.
        public var batch: Int
        /// The diffusion stage takes large images through the VAE in tiles.
        public var vaeTiling: Bool

        public init(onHost: Bool, precision: Precision, batch: Int = 1, vaeTiling: Bool = false) {
            self.onHost = onHost
            self.precision = precision
            self.batch = batch
            self.vaeTiling = vaeTiling
        }
    }

    let model: ModelDescription
    let limits: Limits
    let form: Form

    public init(_ model: ModelDescription, _ limits: Limits, _ form: Form) {
        self.model = model
        self.limits = limits
        self.form = form
    }

    /// Of a stage's first device.
    public func items(_ kind: StageKind) -> [MemoryItem] {
        switch kind {
        case .vision: weights(kind) + [visionActivations, workspace]
        case .text: weights(kind) + [keysAndValues, textActivations, workspace]
        case .diffusion: weights(kind) + sourceCache + [denoising, decoding, workspace]
        }
    }

    /// Of the second device of a diffusion stage, which computes the unconditional branch of guidance: the transformer alone,
    /// without sources.
    public var guidance: [MemoryItem] {
        let transformer = TransformerFootprint(model.transformer, elementBytes: cachedBytes)
        let bytes = transformer.constant + transformer.denoising(image: imageTokens, text: 1, sources: 0, unconditional: nil)
        return [weights(model.transformerWeights), MemoryItem(.activations, bytes, "\(imageTokens) image tokens"), workspace]
    }

    /// Keys and values have the type that attention multiplies.
    var cachedBytes: Int { form.precision == .bf16 ? 2 : 4 }

    /// Tokens of the transformer for the largest picture.
    var imageTokens: Int { model.tokens(pixels: limits.pixels) }

    /// Codes of the largest picture.
    var codes: Int { limits.pixels / (RequestLimits.sizeMultiple * RequestLimits.sizeMultiple) }

    /// What CANN's context and the largest operator's workspace may take, or the process and the CPU's packed blocks: a guess.
    private var workspace: MemoryItem {
        form.onHost
            ? MemoryItem(.workspace, 256 * ByteCount.mebibyte, "the process, its tables and packed blocks", isEstimate: true)
            : MemoryItem(.workspace, ByteCount.gibibyte, "the runtime's context and the operators' workspace", isEstimate: true)
    }
}
