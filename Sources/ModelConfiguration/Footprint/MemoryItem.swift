import Domain

/// One item of what a stage takes of a device's memory.
public struct MemoryItem: Codable, Sendable, Hashable {
    public enum Item: String, Codable, Sendable {
        case weights
        /// Vectors and other small weights that the CPU keeps as copies in f32.
        case widenedWeights = "f32 copies"
        /// Weights of convolutions again, in the order in which the CPU's kernels read them.
        case packedWeights = "packed weights"
        /// Weights of int4, which the CPU keeps in bf16.
        case unpackedWeights = "unpacked weights"
        /// Keys and values of the sequences that the text stage works on.
        case keysAndValues = "keys and values"
        /// Keys and values of the source images of an edit, in every layer of the diffusion transformer.
        case sourceCache = "source cache"
        /// What the branches of guidance keep from step to step, where steps are cached.
        case stepCache = "step cache"
        case activations
        /// Turning latents into the picture, or a source image into latents.
        case decoding = "picture decoding"
        /// What the runtime and its operators take for themselves.
        case workspace
        /// Through which devices that divide a pass exchange tensors.
        case exchange = "exchange buffers"
    }

    public var item: Item
    public var bytes: Int
    /// What it follows from: `16 sequences of 16704 tokens × 40960 bytes`.
    public var reason: String
    /// Not a count of what the code allocates or the files hold, but a guess from other systems.
    public var isEstimate: Bool
    /// Held once on a host however many stages map it: the file's pages.
    public var isShared: Bool

    package init(_ item: Item, _ bytes: Int, _ reason: String, isEstimate: Bool = false, isShared: Bool = false) {
        self.item = item
        self.bytes = bytes
        self.reason = reason
        self.isEstimate = isEstimate
        self.isShared = isShared
    }
}

extension [MemoryItem] {
    /// Of all together.
    public var bytes: Int { ByteCount.sum(lazy.map(\.bytes)) }
}
