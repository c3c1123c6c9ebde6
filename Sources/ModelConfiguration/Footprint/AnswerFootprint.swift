import Domain

/// What the stages of a question model take beside their weights, and what each item is counted from.
struct AnswerFootprint {
    private let model: AnswerConfigurations
    private let weights: CheckpointWeights
    private let limits: Footprint.Limits
    private let form: Footprint.Form

    init(_ model: AnswerConfigurations, _ weights: CheckpointWeights, _ limits: Footprint.Limits, _ form: Footprint.Form) {
        self.model = model
        self.weights = weights
        self.limits = limits
        self.form = form
    }

    func items(_ kind: StageKind) -> [MemoryItem] {
        switch kind {
        case .vision: [tower]
        case .text: [keysAndValues, activations]
        case .diffusion: []
        }
    }

    /// One image at a time, as large as the checkpoint's processor leaves it.
    private var tower: MemoryItem {
        let tokens = model.processor.sizeRule.mostTokens
        let footprint = GLM4VVisionFootprint(model.vision, activationBytes: form.activationBytes(weights.stage(.vision)))
        return MemoryItem(.activations, footprint.encoding(cells: tokens), "\(model.patches(tokens: tokens)) patches")
    }

    private var text: TextFootprint { TextFootprint(model.text.shape, form, activationBytes: form.activationBytes(weights.stage(.text))) }

    /// Tokens of a sequence that is planned for; the model reads no more.
    private var context: Int { min(limits.context, model.text.maximumPositions) }

    /// Sequences grow page by page: what one doesn't take is left to the others, and where all is taken the youngest waits.
    private var keysAndValues: MemoryItem { text.keysAndValues(sequences: form.batch, rows: context) }

    /// One conversation may be as long as the common room, or the model's context.
    private var longest: Int { min(form.batch * context, model.text.maximumPositions) }

    private var activations: MemoryItem {
        text.activations(rows: form.batch, promptTokens: longest, longest: longest, pool: keysAndValues.bytes, onHost: form.onHost)
    }
}
