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
