package import Checkpoint
package import Layers
import ModelConfiguration
package import Tensor

/// An autoregressive decoder with its head: token ids in, logits out. Several ranks may divide its passes (tensor parallelism): each has some
/// heads and some columns of the MLP, and what they sum is the same on all of them.
///
/// Reference: transformers 5.23 `GlmImageTextModel` and `Glm4vTextModel`, with `lm_head`.
package struct TokenDecoder {
    package let configuration: DecoderConfiguration
    /// By rank.
    let parts: [DecoderPart]
    let threads: RankThreads

    /// On one device: see ``DecoderPart``.
    package init(_ weights: WeightScope, head: Linear, _ configuration: DecoderConfiguration) throws {
        self.configuration = configuration
        parts = [try DecoderPart(weights, head: head, configuration)]
        threads = RankThreads([DeviceGroup.Rank(weights.device)])
    }

    /// Takes `model.language_model` and `lm_head` of a checkpoint's component, and nothing else.
    /// - Parameters:
    ///   - others: how the names begin of those of its tensors that are another stage's.
    ///   - component: opens it, for each rank on the rank's thread.
    /// - Throws: also `GLMImageError` for a decoder that can't be divided among so many ranks.
    package init(
        _ ranks: [DeviceGroup.Rank], _ configuration: DecoderConfiguration, ignoring others: [String], of component: () throws -> WeightMap
    ) throws {
        if let obstacle = DecoderShare.obstacle(configuration, ranks: ranks.count) {
            throw GLMImageError(
                .unsupportedModel, "the decoder's \(obstacle) can't be divided among \(ranks.count) devices (tensor parallel size \(ranks.count))")
        }
        self.configuration = configuration
        let threads = RankThreads(ranks)
        self.threads = threads
        parts = try threads.each { number in
            let map = try component()
            let weights = WeightScope(map: map, device: ranks[number].device)
            // The first rank draws.
            let head =
                number == 0
                ? try weights.linear("lm_head", from: configuration.hiddenSize, to: configuration.outputSize, bias: false) : nil
            let part = try DecoderPart(weights.scope("model.language_model"), head: head, configuration, ranks[number].communicator)
            for prefix in others + (number == 0 ? [] : ["lm_head."]) { map.ignore(prefix: prefix) }
            try map.finish()
            // So that a device without enough memory reports it now.
            if number > 0 { try part.device.synchronize() }
            return part
        }
    }

    /// The first rank's, which draws.
    package var device: any Device { parts[0].device }
    package var ranks: Int { parts.count }

    /// Bytes of the keys and values of one token in all layers, on each device.
    package var cacheBytesPerToken: Int { parts[0].cacheBytesPerToken }
}
