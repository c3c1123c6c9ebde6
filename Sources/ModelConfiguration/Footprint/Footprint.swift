import Checkpoint
public import Domain

/// What one stage takes of its device's memory, item by item, for the largest requests that it is planned for.
///
/// Items add up: the memory of one phase of a request may stay with the device while the next phase takes its own.
public struct Footprint: Sendable {
    /// The largest requests.
    public struct Limits: Sendable, Hashable {
        /// Area of the largest picture that is drawn.
        public var pixels: Int
        /// Source images of an edit, each as large as `pixels`.
        public var sources: Int
        /// Tokens of a conversation and its answer that each sequence of a batch finds room for. The room is common to the batch: one
        /// conversation may take all of it.
        public var context: Int

        public static let defaultContext = 8192

        public init(pixels: Int, sources: Int, context: Int = Self.defaultContext) {
            self.pixels = pixels
            self.sources = sources
            self.context = context
        }
    }

    /// How the stage computes.
    public struct Form: Sendable, Hashable {
        /// Weights are read in the mapped files and convolutions packed; else they are copied to an accelerator.
        public var onHost: Bool
        public var precision: Precision
        /// Sequences that the text stage works on together.
        public var batch: Int
        /// Codes that a pass of the text stage guesses at most; nil: as many as by default on this kind of device.
        public var speculativeTokens: Int?
        /// The diffusion stage takes large images through the VAE in tiles.
        public var vaeTiling: Bool
        /// The diffusion stage lets requests have steps cached.
        public var stepCache: Bool
        /// Devices among which the stage divides each pass, and how; nil: there is one.
        public var ranks: Int
        public var division: PassDivision?

        public init(
            onHost: Bool, precision: Precision, batch: Int = 1, speculativeTokens: Int? = nil, vaeTiling: Bool = false, stepCache: Bool = false,
            ranks: Int = 1, division: PassDivision? = nil
        ) {
            self.onHost = onHost
            self.precision = precision
            self.batch = batch
            self.speculativeTokens = speculativeTokens
            self.vaeTiling = vaeTiling
            self.stepCache = stepCache
            self.ranks = ranks
            self.division = division
        }

        /// The most rows of a step that draws codes.
        var stepRows: Int {
            let rows = DecoderSizes.stepRows(batch: batch, speculativeTokens: speculativeTokens ?? DecoderSizes.speculativeTokens(onHost: onHost))
            return onHost ? rows : min(rows, ChipCatalogue.batchRows)
        }

        /// Bytes of an element of keys and values, which have the type that attention multiplies.
        var cachedBytes: Int { precision == .bf16 ? 2 : 4 }

        /// Bytes of an element of what passes between products with these weights: f32 on the host.
        func activationBytes(_ weights: WeightCount) -> Int { onHost ? 4 : weights.activationBytes(precision) }
    }

    private let model: ModelDescription
    private let limits: Limits
    private let form: Form

    public init(_ model: ModelDescription, _ limits: Limits, _ form: Form) {
        self.model = model
        self.limits = limits
        self.form = form
    }

    /// Of a stage's first device. Empty for a kind of stage that the model doesn't need.
    public func items(_ kind: StageKind) -> [MemoryItem] {
        guard model.pipeline.stageKinds.contains(kind) else { return [] }
        return weights(kind) + own(kind) + [workspace] + exchange
    }

    private func own(_ kind: StageKind) -> [MemoryItem] {
        switch model.configurations {
        case .image(let image): ImageFootprint(image, model.weights, limits, form).items(kind)
        case .answer(let answer): AnswerFootprint(answer, model.weights, limits, form).items(kind)
        }
    }

    /// Of the further devices of a stage. A diffusion stage's have the transformer alone: those that divide a pass with the first, then those of
    /// the unconditional branch of guidance, which needs no sources. A text stage's have their part of the decoder. Empty for any other stage.
    /// - Parameter device: its number, from 1.
    public func items(_ kind: StageKind, ofFurther device: Int) -> [MemoryItem] {
        switch (kind, model.configurations) {
        case (.diffusion, .image(let image)):
            let footprint = ImageFootprint(image, model.weights, limits, form)
            let own = device < form.ranks ? footprint.rank : footprint.guidance
            return [onAccelerator(transformer(ofRank: device % form.ranks))] + own + [workspace] + exchange
        case (.text, _):
            return [onAccelerator(decoder(ofRank: device))] + own(kind) + [workspace] + exchange
        default: return []
        }
    }

    /// The weights of one rank of a text stage.
    private func decoder(ofRank rank: Int) -> WeightCount {
        model.weights.decoder(rank: rank, of: form.ranks, keyValueHeads: model.decoder.keyValueHeads)
    }

    /// Of a stage's first device.
    private func count(_ kind: StageKind) -> WeightCount {
        switch kind {
        case .vision: model.weights.stage(.vision)
        case .text: decoder(ofRank: 0)
        case .diffusion: transformer(ofRank: 0) + model.weights.part(.textEncoder) + model.weights.part(.vae)
        }
    }

    /// Of the transformer's, those of one rank of a side.
    private func transformer(ofRank rank: Int) -> WeightCount {
        model.weights.transformer(rank: rank, of: form.division == .tensorParallel ? form.ranks : 1)
    }

    /// None where every device computes passes alone.
    private var exchange: [MemoryItem] {
        guard form.ranks > 1 else { return [] }
        return [MemoryItem(.exchange, Collectives.bufferBytes, "2 buffers of HCCL, \(Collectives.bufferMebibytes) MiB each")]
    }

    /// The sizes in the safetensors headers.
    private func weights(_ kind: StageKind) -> [MemoryItem] {
        let count = count(kind)
        guard form.onHost else { return [onAccelerator(count)] }
        let mapped = MemoryItem(
            .weights, count.fileBytes, "\(Self.millions(count.parameters)), mapped from the file and shared by all that map it", isShared: true)
        let copies = MemoryItem(.widenedWeights, count.deviceCopyBytes + count.hostCopyBytes, "vectors and tables that are kept in f32")
        return [mapped, copies] + unpacked(count) + packed(kind, count)
    }

    private func unpacked(_ count: WeightCount) -> [MemoryItem] {
        guard count.unpackedBytes > 0 else { return [] }
        return [MemoryItem(.unpackedWeights, count.unpackedBytes, "weights of int4, kept in bf16 by each stage")]
    }

    /// What the CPU keeps a second time, in another order.
    private func packed(_ kind: StageKind, _ count: WeightCount) -> [MemoryItem] {
        switch (model.pipeline, kind) {
        case (.image, .diffusion):
            [MemoryItem(.packedWeights, 4 * model.weights.packedConvolutionFloats, "the VAE's convolutions in the kernels' layout")]
        case (.answer, .vision): [MemoryItem(.packedWeights, count.reorderedBytes, "the convolution that makes cells of patches, as a product")]
        default: []
        }
    }

    private func onAccelerator(_ count: WeightCount) -> MemoryItem {
        MemoryItem(.weights, count.acceleratorBytes(form.precision), "\(Self.millions(count.parameters)) in \(form.precision)")
    }

    private static func millions(_ parameters: Int) -> String {
        parameters < 1_000_000 ? "\(parameters) parameters" : "\(parameters / 1_000_000) million parameters"
    }

    /// What CANN's context and the largest operator's workspace may take, or the process and the CPU's packed blocks: a guess.
    private var workspace: MemoryItem {
        form.onHost
            ? MemoryItem(.workspace, 256 * ByteCount.mebibyte, "the process, its tables and packed blocks", isEstimate: true)
            : MemoryItem(.workspace, ByteCount.gibibyte, "the runtime's context and the operators' workspace", isEstimate: true)
    }
}
