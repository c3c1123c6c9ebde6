import Decoding
import ModelConfiguration
import Tensor

extension DecoderConfiguration {
    /// GLM-Image's decoder: a head over the visual ids only.
    init(_ configuration: TextConfiguration) {
        self.init(
            vocabularySize: configuration.vocabularySize, outputSize: configuration.visionVocabularySize, hiddenSize: configuration.hiddenSize,
            intermediateSize: configuration.intermediateSize, layers: configuration.layers, heads: configuration.heads,
            keyValueHeads: configuration.keyValueHeads, headSize: configuration.headSize, normEpsilon: configuration.normEpsilon,
            attentionBias: configuration.attentionBias,
            rotary: Rotary(
                theta: configuration.rope.theta, dimensions: configuration.rotaryDimensions,
                sections: configuration.rope.sections, style: .halves))
    }
}
