import Foundation

/// Random numbers that are addressed by (seed, position, id) rather than drawn in sequence: whoever samples a position of a sequence has
/// the same ones, whenever it does so and whatever it computes beside it.
///
/// Reference: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), over seed and position, then over the id.
public struct CounterGenerator: Sendable, Hashable {
    private let key: UInt64

    public init(seed: UInt64, position: Int) {
        key = Self.mix(Self.mix(seed &+ Self.step) &+ UInt64(truncatingIfNeeded: position) &* 0xbf58_476d_1ce4_e5b9)
    }

    /// In 0 ..< 1 and never 0, with 52 bits.
    public func uniform(_ id: Int) -> Double {
        (Double(Self.mix(key &+ UInt64(truncatingIfNeeded: id) &* Self.step) >> 12) + 0.5) * 0x1p-52
    }

    /// Of the exponential distribution with mean 1. Never below ``uniform(_:)``, of which it is made.
    public func exponential(_ id: Int) -> Double { -log1p(-uniform(id)) }

    private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
