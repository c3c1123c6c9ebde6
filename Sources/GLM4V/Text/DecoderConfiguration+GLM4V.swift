import Decoding
import ModelConfiguration
import Tensor

extension DecoderConfiguration {
    /// The decoder of GLM-4.1V and GLM-4.6V-Flash: a head over all ids, and neighbours that turn together.
    init(_ configuration: GLM4VTextConfiguration) {
        self.init(
            vocabularySize: configuration.vocabularySize, outputSize: configuration.vocabularySize, hiddenSize: configuration.hiddenSize,
            intermediateSize: configuration.intermediateSize, layers: configuration.layers, heads: configuration.heads,
            keyValueHeads: configuration.keyValueHeads, headSize: configuration.headSize, normEpsilon: configuration.normEpsilon,
            attentionBias: true,  // Always, whatever the file's attention_bias says.
            rotary: Rotary(
                theta: configuration.rope.theta, dimensions: configuration.rotaryDimensions, sections: configuration.rope.sections,
                style: .interleaved))
    }
}
