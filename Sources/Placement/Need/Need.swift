/// One item of what a stage takes of a card's memory.
public struct Need: Codable, Sendable, Hashable {
    public enum Item: String, Codable, Sendable {
        case weights
        /// Keys and values of the sequences that the text stage works on.
        case keysAndValues = "keys and values"
        /// Keys and values of the source pictures of an edit, in every layer of the diffusion transformer.
        case sourceCache = "source cache"
        case activations
        /// Turning latents into the picture.
        case decoding = "picture decoding"
        /// What the runtime and its operators take for themselves.
        case workspace
    }

    public var item: Item
    public var bytes: Int
    /// What it follows from: `16 sequences × 16641 tokens × 40.0 KiB`.
    public var reason: String
    /// Not a count of what the code makes or the files hold, but a guess from other systems.
    public var isEstimate: Bool
    /// Held once on a host however many stages map it: the file's pages.
    public var isShared: Bool

    init(_ item: Item, _ bytes: Int, _ reason: String, isEstimate: Bool = false, isShared: Bool = false) {
        self.item = item
        self.bytes = bytes
        self.reason = reason
        self.isEstimate = isEstimate
        self.isShared = isShared
    }
}
