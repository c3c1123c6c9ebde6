package import Tensor

/// How a sequence samples its tokens, one after another.
///
/// Deterministic in (seed, position): a request gets the same tokens alone or in a batch, on any replica, and after a retry.
package struct Sampler: Sendable {
    private let parameters: SamplingParameters
    private let greedy: Bool
    private let seed: UInt64

    /// - Parameter parameters: of all positions; `uniform` is not read.
    package init(_ parameters: SamplingParameters, greedy: Bool = false, seed: UInt64) {
        self.parameters = parameters
        self.greedy = greedy
        self.seed = seed
    }

    /// - Parameter position: the number of tokens sampled before.
    package func parameters(at position: Int) -> SamplingParameters {
        guard !greedy else { return .greedy }
        var result = parameters
        result.uniform = CounterGenerator.uniform(seed: seed, position: position)
        return result
    }
}
