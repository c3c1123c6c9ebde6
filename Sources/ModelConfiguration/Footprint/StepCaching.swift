/// How the diffusion transformer skips work in some steps. The one value that requests choose, the threshold of the residual, is in their
/// parameters; the others are those of all public runs of GLM-Image on NPUs (SGLang issues 25381, 31320 and 33526).
///
/// Source: cache-dit f86744a, `DBCache` (its F, B, W and MC) and `TaylorSeer` (its order).
package enum StepCaching {
    /// Blocks that every step computes first. What they add to the image's rows is compared with what they added before.
    package static let firstBlocks = 2
    /// Blocks that every step computes last, on top of what was forecast.
    package static let lastBlocks = 1
    /// Steps at the beginning that are computed in full.
    package static let warmUpSteps = 4
    /// Steps in a row that may be forecast.
    package static let mostForecasts = 4
    /// Of the Taylor polynomial.
    package static let order = 2

    /// Whether a transformer of so many blocks has any to skip.
    package static func isPossible(blocks: Int) -> Bool { blocks > firstBlocks + lastBlocks }
}
