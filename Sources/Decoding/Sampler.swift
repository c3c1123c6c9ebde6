package import Tensor

/// How a sequence samples its tokens, one after another.
///
/// Deterministic in (seed, position): a request gets the same tokens alone or in a batch, on any replica, and after a retry.
package struct Sampler: Sendable {
    private let parameters: SamplingParameters
    private let greedy: Bool
    private let seed: UInt64
    let shaping: LogitShaping

    /// - Parameters:
    ///   - parameters: of all positions; `generator` is not read.
    ///   - greedy: takes the likeliest, after the penalties of `shaping`.
    package init(_ parameters: SamplingParameters, greedy: Bool = false, seed: UInt64, shaping: LogitShaping = .none) {
        self.parameters = parameters
        self.greedy = greedy
        self.seed = seed
        self.shaping = shaping
    }

    /// - Parameter position: the number of tokens sampled before.
    package func parameters(at position: Int) -> SamplingParameters {
        guard !greedy else { return .greedy }
        var result = parameters
        result.generator = CounterGenerator(seed: seed, position: position)
        return result
    }
}
