/// How one token is sampled from a row of logits: by temperature, top-k and top-p, in transformers' order, then by Gumbel-max.
///
/// Of the ids that are left, the one with the largest logit ÷ temperature + g is sampled, g = −ln(exponential number of the id) being a
/// number of the Gumbel distribution: each id is sampled as often as its softmax says (Gumbel 1954; Maddison, Tarlow, Minka 2014). A
/// small change of the logits rarely changes the id, since an id's number stays its own.
public struct SamplingParameters: Sendable, Hashable {
    public var temperature: Float
    /// Only the likeliest ids that together have this share of the probability are sampled.
    public var topP: Float
    /// Only this many of the likeliest ids are sampled; 0: no such limit.
    public var topK: Int
    /// The random numbers of the ids.
    public var generator: CounterGenerator

    public init(temperature: Float, topP: Float, topK: Int, generator: CounterGenerator = CounterGenerator(seed: 0, position: 0)) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.generator = generator
    }

    /// The first of the largest.
    public static let greedy = SamplingParameters(temperature: 1, topP: 1, topK: 1)
}
