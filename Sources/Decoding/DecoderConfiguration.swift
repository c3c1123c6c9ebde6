package import Tensor

/// The architecture of an autoregressive decoder, whatever checkpoint it comes from. A model maps its own configuration to this.
package struct DecoderConfiguration: Sendable, Hashable {
    /// Rows of the embedding: ids that a sequence may hold are below this.
    package var vocabularySize: Int
    /// Rows of the head: the logits of one token. A model may predict fewer ids than it reads.
    package var outputSize: Int
    package var hiddenSize: Int
    /// Width of the MLP between its two products.
    package var intermediateSize: Int
    package var layers: Int
    /// Heads of the queries; a multiple of `keyValueHeads`.
    package var heads: Int
    package var keyValueHeads: Int
    package var headSize: Int
    package var normEpsilon: Float
    /// Whether the products of queries, keys and values have a bias.
    package var attentionBias: Bool
    package var rotary: Rotary

    /// Multimodal rotary positions.
    package struct Rotary: Sendable, Hashable {
        package var theta: Float
        /// Elements of a head that are rotated; the rest stays as it is.
        package var dimensions: Int
        /// Pairs that are rotated by the temporal, the height, the width position, in turn, over frequencies from high to low. Their
        /// sum is half of `dimensions`.
        package var sections: [Int]
        /// Which elements of a head turn together.
        package var style: RotaryStyle

        package init(theta: Float, dimensions: Int, sections: [Int], style: RotaryStyle) {
            self.theta = theta
            self.dimensions = dimensions
            self.sections = sections
            self.style = style
        }

        /// Rotated pairs of a head.
        package var pairs: Int { sections.reduce(0, +) }
    }

    package init(
        vocabularySize: Int, outputSize: Int, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int, keyValueHeads: Int, headSize: Int,
        normEpsilon: Float, attentionBias: Bool, rotary: Rotary
    ) {
        self.vocabularySize = vocabularySize
        self.outputSize = outputSize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.normEpsilon = normEpsilon
        self.attentionBias = attentionBias
        self.rotary = rotary
    }

    /// Columns of the queries.
    package var querySize: Int { heads * headSize }
    /// Columns of the keys, and of the values.
    package var keyValueSize: Int { keyValueHeads * headSize }
}
