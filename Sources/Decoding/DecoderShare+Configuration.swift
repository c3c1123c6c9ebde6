import ModelConfiguration

extension DecoderShare {
    /// - Parameter ranks: that ``obstacle(_:ranks:)`` has no objection to.
    init(_ configuration: DecoderConfiguration, ranks: Int) {
        self.init(
            heads: configuration.heads, keyValueHeads: configuration.keyValueHeads, intermediateSize: configuration.intermediateSize, ranks: ranks)
    }

    /// What so many ranks can't divide, with its number; nil: nothing.
    static func obstacle(_ configuration: DecoderConfiguration, ranks: Int) -> String? {
        obstacle(
            heads: configuration.heads, keyValueHeads: configuration.keyValueHeads, intermediateSize: configuration.intermediateSize, ranks: ranks)
    }
}

extension DecoderConfiguration {
    /// Of one rank.
    func part(_ share: DecoderShare) -> DecoderConfiguration {
        var part = self
        (part.heads, part.keyValueHeads, part.intermediateSize) = (share.heads, share.keyValueHeads, share.intermediateSize)
        return part
    }
}
