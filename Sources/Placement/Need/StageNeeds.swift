import Domain

/// What one stage takes of its card, item by item.
struct StageNeeds {
    let model: ModelSize
    let limits: Topology.Limits
    /// On the host weights are mapped as the files hold them; on an accelerator they are bf16.
    let onHost: Bool
    let precision: Precision
    /// Sequences of the text stage.
    let batch: Int
    /// Of the diffusion stage.
    let vaeTiling: Bool

    /// Activations are f32 on every device.
    private let element = 4
    /// Keys and values that are kept have the type that attention multiplies.
    private var cached: Int { precision == .bf16 ? 2 : 4 }

    func needs(_ role: StageKind) -> [Need] {
        switch role {
        case .vision: [weights(role), visionActivations, workspace]
        case .text: [weights(role), keysAndValues, textActivations, workspace]
        case .diffusion: [weights(role)] + (limits.sources > 0 ? [sourceCache] : []) + [activations(sources: limits.sources), decoding, workspace]
        }
    }

    /// What a diffusion stage takes of the card that computes a side of guidance for it: the transformer alone, without sources.
    var guidance: [Need] {
        [Need(.weights, 2 * model.transformerParameters, "\(millions(model.transformerParameters)) in bf16"), activations(sources: 0), workspace]
    }

    /// The sizes in the safetensors headers. On an accelerator they are converted to bf16 as they are loaded.
    private func weights(_ role: StageKind) -> Need {
        let weights = model.weights[role] ?? ModelSize.Weights()
        if onHost {
            return Need(
                .weights, weights.bytes, "\(millions(weights.parameters)), mapped from the file and shared by all that map it", isShared: true)
        }
        return Need(.weights, 2 * weights.parameters, "\(millions(weights.parameters)) in bf16")
    }

    /// Keys and values of every layer for every token: 2 × layers × key-value heads × head size in the stage's precision, as
    /// `KeyValuePool` makes them. A sequence is the longest prompt, the sources' codes, the preview and the picture with its end
    /// (transformers 5.23 `GlmImageProcessor`: a code for 32 × 32 pixels, a preview of at most 16 × 16).
    private var keysAndValues: Need {
        let token = 2 * model.text.layers * model.text.keyValueHeads * model.text.headSize * cached
        return Need(.keysAndValues, batch * sequence * token, "\(batch) × \(sequence) tokens × \(token) bytes")
    }

    private var sequence: Int { Self.promptTokens + limits.sources * codes + Self.preview + codes + 1 }
    private var codes: Int { limits.pixels / (RequestLimits.sizeMultiple * RequestLimits.sizeMultiple) }

    /// The prompt's limit is in bytes; four make a token.
    private static let promptTokens = RequestLimits.promptBytes.upperBound / 4
    private static let preview = 256

    /// `DecoderWorkspace` for one chunk of a prompt, and each sequence's logits.
    private var textActivations: Need {
        let text = model.text
        let row = 2 * text.hidden + 2 * text.heads * text.headSize + 3 * text.inner
        return Need(
            .activations, Self.promptChunk * row * element + batch * text.head * 4,
            "\(Self.promptChunk) rows of a prompt at once, \(batch) rows of logits")
    }

    private static let promptChunk = 512

    /// `VisionWorkspace`: x, the norm's result, q, k, v and the MLP's inner for every patch. The processor halves a source's
    /// sides, so a patch stands for 32 × 32 of its pixels (transformers 5.23 `GlmImageImageProcessor`).
    private var visionActivations: Need {
        Need(.activations, codes * (5 * model.vision.hidden + model.vision.inner) * element, "\(codes) patches")
    }

    /// `ConditionCache`: keys and values of every layer for every token of every source.
    private var sourceCache: Need {
        let token = 2 * model.transformer.layers * model.transformer.hidden * cached
        return Need(.sourceCache, limits.sources * imageTokens * token, "\(limits.sources) × \(imageTokens) tokens × \(token) bytes")
    }

    private var imageTokens: Int {
        let side = model.autoencoder.scale * model.transformer.patch
        return limits.pixels / (side * side)
    }

    /// `TransformerMemory`: x, the norm's result, queries, and four times as much inside the MLP, for text and image; keys
    /// and values for these and the sources.
    private func activations(sources: Int) -> Need {
        let rows = Self.glyphTokens + imageTokens
        let bytes = (9 * rows + 2 * sources * imageTokens) * model.transformer.hidden * element
        return Need(.activations, bytes, "\(rows) tokens with \(sources * imageTokens) of sources")
    }

    /// diffusers 0.42.1 `GlmImagePipeline` max_sequence_length of the quoted strings.
    private static let glyphTokens = 2048

    /// `Canvas`: three images as large as the largest on the way, which has the second level's channels at full size. Encoding a
    /// source takes less: there the first level's are at full size. With tiles, a tile is all that is on the way.
    private var decoding: Need {
        let autoencoder = model.autoencoder
        let widest = max(autoencoder.channels.first ?? 0, autoencoder.channels.dropFirst().first ?? 0)
        let pixels = vaeTiling ? min(limits.pixels, autoencoder.sampleSide * autoencoder.sampleSide) : limits.pixels
        return Need(
            .decoding, 3 * pixels * widest * element, "3 images of \(pixels) pixels × \(widest) channels, \(vaeTiling ? "a tile" : "not tiled")")
    }

    /// On an accelerator: what CANN's context and the largest operator's workspace may take, a guess.
    private var workspace: Need {
        onHost
            ? Need(.workspace, 256 * ByteCount.mebibyte, "the process, its tables and packed blocks", isEstimate: true)
            : Need(.workspace, ByteCount.gibibyte, "the runtime's context and the operators' workspace", isEstimate: true)
    }

    private func millions(_ parameters: Int) -> String {
        parameters < 1_000_000 ? "\(parameters) parameters" : "\(parameters / 1_000_000) million parameters"
    }
}
