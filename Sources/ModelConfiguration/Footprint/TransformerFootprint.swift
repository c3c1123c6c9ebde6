/// Bytes that the diffusion transformer takes of each of its devices beside the weights.
package struct TransformerFootprint: Sendable {
    private let transformer: TransformerConfiguration
    /// Bytes of an element of the source images' keys and values.
    private let cached: Int
    /// Bytes of an element of activations.
    private let activation: Int
    private let share: TransformerShare

    /// - Parameters:
    ///   - elementBytes: of `Device.cacheType`, which keys and values are kept in.
    ///   - activationBytes: f32 on the CPU.
    ///   - share: of each pass.
    package init(
        _ transformer: TransformerConfiguration, elementBytes: Int, activationBytes: Int = 4,
        share: TransformerShare = TransformerShare(nil, ranks: 1)
    ) {
        self.transformer = transformer
        cached = elementBytes
        activation = activationBytes
        self.share = share
    }

    /// The most of a pass's rows that one rank computes.
    private func own(_ rows: Int) -> Int { (rows + share.rowRanks - 1) / share.rowRanks }

    private var hidden: Int { transformer.hiddenSize }

    /// Kept as long as the model: the time step's buffers.
    package var constant: Int { 4 * 2 * transformer.timeEmbeddingSize }

    /// Keys and values of `rows` tokens of source images, in all layers.
    package func sourceCache(rows: Int) -> Int { 2 * transformer.layers * rows * (hidden / share.ranks) * cached }

    /// The memory of the passes over one picture: activations of text and image, keys and values of these and of the sources,
    /// angles, modulation. Of several ranks that divide rows each has its own rows of queries, keys and values too, and what it sends and receives; of
    /// those that divide heads each has apart from all rows what it attends to, and sums in f32.
    /// - Parameters:
    ///   - image: patches.
    ///   - text: rows of the longer text.
    ///   - sources: rows of source images.
    package func session(image: Int, text: Int, sources: Int) -> Int {
        let rows = own(text + image)
        let exchange = share.rowRanks > 1 ? (2 + 2) * rows * hidden : 0
        let own = hidden / share.headRanks, attended = share.headRanks > 1 ? rows * own : 0
        let activations =
            2 * rows * hidden + (1 + 4) * rows * own + attended + 2 * (sources + share.rowRanks * rows) * (hidden / share.ranks) + exchange
        let sums = share.headRanks > 1 && activation < 4 ? rows * hidden : 0
        let patches = min(image, rows) * transformer.inChannels * transformer.patchSize * transformer.patchSize
        let vectors = (12 + 2) * hidden + transformer.timeEmbeddingSize
        return activation * (activations + transformer.timeEmbeddingSize) + 4 * (patches + image * transformer.headSize + vectors + sums)
    }

    /// What one branch of guidance holds for all steps: its text and its prior.
    package func branch(image: Int, text: Int) -> Int { activation * (min(image, own(text + image)) + text) * hidden }

    /// What one branch of guidance keeps from step to step where steps are cached: the terms of its Taylor polynomial, two residuals of the
    /// image, and their means.
    package func stepCache(image: Int, text: Int) -> Int {
        let rows = own(text + image)
        // Ranks also share two means.
        return 4 * (((StepCaching.order + 1) * rows + 2 * min(image, rows)) * hidden + (share.ranks > 1 ? 4 : 2))
    }

    /// What comparing a step's residual with an earlier one takes meanwhile: a copy in f32, for which the activations have room where they
    /// are f32 themselves.
    package func comparing(image: Int, text: Int) -> Int { activation == 4 ? 0 : 4 * min(image, own(text + image)) * hidden }

    /// The most that preparing and stepping a picture takes.
    /// - Parameter unconditional: rows of text of the other branch of guidance on the same device; nil: it is elsewhere, or off.
    package func denoising(image: Int, text: Int, sources: Int, unconditional: Int?) -> Int {
        let session = session(image: image, text: max(text, unconditional ?? 0), sources: sources)
        // A prior's embedding and its inner values stand beside each other while it is projected.
        let projecting = activation * min(image, own(max(text, unconditional ?? 0) + image)) * hidden
        let own = branch(image: image, text: text)
        guard let unconditional else { return own + max(session, projecting) }
        return own + session + branch(image: image, text: unconditional) + projecting
    }

    /// The most that writing the keys and values of one source image takes, beside the cache.
    package func writing(image: Int) -> Int { session(image: image, text: 0, sources: 0) + 2 * activation * own(image) * hidden }
}
