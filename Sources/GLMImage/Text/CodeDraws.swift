import ModelConfiguration
import Domain
package import Tensor

/// How a request draws its codes, one after another.
///
/// Deterministic in (seed, position): a request draws the same codes alone or among others, on any replica, and after a retry.
package struct CodeDraws: Sendable {
    private let draw: Draw
    private let greedy: Bool
    private let seed: UInt64

    init(_ configuration: GenerationConfiguration, _ override: SamplingOverride, seed: UInt64) {
        self.init(
            Draw(
                temperature: override.temperature ?? configuration.temperature, topP: override.topP ?? configuration.topP,
                topK: override.topK ?? configuration.topK, uniform: 0),
            greedy: override.greedy || !configuration.samples, seed: seed)
    }

    /// - Parameter draw: of all of them, but for `uniform`.
    package init(_ draw: Draw, greedy: Bool = false, seed: UInt64) {
        self.draw = draw
        self.greedy = greedy
        self.seed = seed
    }

    package func draw(at position: Int) -> Draw {
        guard !greedy else { return .greedy }
        var draw = draw
        draw.uniform = CounterGenerator.uniform(seed: seed, position: position)
        return draw
    }
}

/// Uniform numbers addressed by (seed, position) rather than drawn in sequence: SplitMix64's finaliser over both.
package enum CounterGenerator {
    /// In 0 ..< 1, with 24 bits.
    package static func uniform(seed: UInt64, position: Int) -> Float {
        let bits = mix(mix(seed &+ 0x9e37_79b9_7f4a_7c15) &+ UInt64(position) &* 0xbf58_476d_1ce4_e5b9)
        return Float(bits >> 40) / Float(1 << 24)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
