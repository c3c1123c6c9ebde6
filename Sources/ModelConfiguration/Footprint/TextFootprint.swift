import Domain

/// Bytes that the decoder of a text stage takes beside its weights.
package struct TextFootprint: Sendable {
    private let shape: DecoderShape
    /// Bytes of an element of keys and values, which have the type that attention multiplies.
    private let cached: Int
    /// Bytes of an element of activations.
    private let activation: Int
    /// Whether sums over ranks have memory of their own: they are f32, in whatever type activations are.
    private let hasSums: Bool

    /// - Parameters:
    ///   - elementBytes: of `Device.cacheType`, which keys and values are kept in.
    ///   - activationBytes: of `TokenDecoder.activationType`; f32 on the CPU.
    ///   - ranks: of which `shape` is one's part.
    package init(_ shape: DecoderShape, elementBytes: Int, activationBytes: Int = 4, ranks: Int = 1) {
        self.shape = shape
        cached = elementBytes
        activation = activationBytes
        hasSums = ranks > 1 && activationBytes < 4
    }

    /// Of one rank of a text stage.
    init(_ shape: DecoderShape, _ form: Footprint.Form, activationBytes: Int) {
        self.init(shape.part(ranks: form.ranks), elementBytes: form.cachedBytes, activationBytes: activationBytes, ranks: form.ranks)
    }

    /// Keys and values of one token in all layers.
    package var bytesPerToken: Int { 2 * shape.layers * shape.keyValueHeads * shape.headSize * cached }

    /// `KVPool` of `pages` pages.
    package func pool(pages: Int) -> Int { pages * DecoderSizes.pageRows * bytesPerToken }

    /// What a batch with steps of up to `rows` rows keeps beside the pool of `pages`: `DecoderWorkspace`, `DecodeInputs`, the logits of a
    /// step, and what was sampled.
    package func batch(rows: Int, pages: Int) -> Int {
        let heads = 2 * shape.heads + 2 * shape.keyValueHeads
        let row =
            activation * (2 * shape.hiddenSize + heads * shape.headSize + 3 * shape.intermediateSize) + 4 * 2 * shape.pairs
            + (hasSums ? 4 * shape.hiddenSize : 0)
        return max(DecoderSizes.prefillChunk, rows) * row + 4 * DecoderSizes.stepInputs(rows: rows, pages: pages)
            + rows * (4 * shape.outputSize + 8)
    }

    /// What attention over pages takes on a card, which reads whole pages: what it adds to the scores, 16 bits for each head and key, what
    /// that is made from, twice 32 bits for each key, and a page of zeros.
    package func wholePages(rows: Int, tokens: Int) -> Int {
        rows * DecoderSizes.bucket(pages: DecoderSizes.pages(rows: tokens)) * DecoderSizes.pageRows * (2 * shape.heads + 8) + pool(pages: 1)
    }

    /// The most that collecting one layer's keys and values of a joining sequence takes, up to a prompt of `tokens`: while the
    /// buffer grows, the old one is still there.
    package func collecting(promptTokens tokens: Int) -> Int {
        let row = 2 * activation * shape.keyValueHeads * shape.headSize
        var rows = DecoderSizes.prefillChunk, peak = rows, end = 0
        while end < tokens {
            end = min(end + DecoderSizes.prefillChunk, tokens)
            let grown = DecoderSizes.collected(rows: rows, end: end)
            if grown > rows { peak = max(peak, rows + grown) }
            rows = grown
        }
        return peak * row
    }

    /// Of `sequences` with `rows` tokens each, in whole pages.
    func keysAndValues(sequences: Int, rows: Int) -> MemoryItem {
        let pages = DecoderSizes.pages(rows: rows)
        return MemoryItem(
            .keysAndValues, ByteCount.wholeMebibytes(pool(pages: sequences * pages)),
            "\(sequences) × \(pages * DecoderSizes.pageRows) tokens × \(bytesPerToken) bytes")
    }

    /// Of a batch with steps of up to `rows` rows that reads prompts of up to `promptTokens`.
    /// - Parameters:
    ///   - longest: tokens of the longest sequence.
    ///   - pool: bytes of keys and values.
    func activations(rows: Int, promptTokens: Int, longest: Int, pool: Int, onHost: Bool) -> MemoryItem {
        let pages = pool / self.pool(pages: 1)
        return MemoryItem(
            .activations,
            batch(rows: rows, pages: pages) + collecting(promptTokens: promptTokens) + (onHost ? 0 : wholePages(rows: rows, tokens: longest)),
            "\(max(DecoderSizes.prefillChunk, rows)) rows of a prompt at once, \(rows) rows of logits")
    }
}

extension ByteCount {
    /// Flags take whole mebibytes: a stage that is given this much takes no more than was counted.
    static func wholeMebibytes(_ bytes: Int) -> Int { (bytes + mebibyte - 1) / mebibyte * mebibyte }
}
