/// How one token is sampled from a row of logits: by temperature, top-k and top-p, in transformers' order.
public struct SamplingParameters: Sendable, Hashable {
    public var temperature: Float
    /// Only the likeliest ids that together have this share of the probability are sampled.
    public var topP: Float
    /// Only this many of the likeliest ids are sampled; 0: no such limit.
    public var topK: Int
    /// The random number that selects an id, in 0 ..< 1: a share of the probability mass of the ids that are left.
    public var uniform: Float

    public init(temperature: Float, topP: Float, topK: Int, uniform: Float) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.uniform = uniform
    }

    /// The first of the largest.
    public static let greedy = SamplingParameters(temperature: 1, topP: 1, topK: 1, uniform: 0)
}
