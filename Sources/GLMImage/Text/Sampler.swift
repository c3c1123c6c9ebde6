import Foundation
import Requests

/// Draws a code from logits by temperature, top-k and top-p, in transformers' order.
///
/// Deterministic in (seed, position): a request draws the same codes alone or among others, on any replica, and after a
/// retry. The order of summation is fixed by sorting on (logit, id).
package struct Sampler {
    private let greedy: Bool
    private let temperature: Float
    private let topP: Float
    private let topK: Int
    private let seed: UInt64
    private var order: [Int32] = []
    private var weights: [Float] = []

    init(_ configuration: GenerationConfiguration, _ override: SamplingOverride, seed: UInt64) {
        self.init(
            greedy: override.greedy || !configuration.samples, temperature: override.temperature ?? configuration.temperature,
            topP: override.topP ?? configuration.topP, topK: override.topK ?? configuration.topK, seed: seed)
    }

    /// - Parameter topK: 0 for no such limit.
    package init(greedy: Bool = false, temperature: Float = 1, topP: Float = 1, topK: Int = 0, seed: UInt64) {
        self.greedy = greedy
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.seed = seed
    }

    /// A code below `logits.count`.
    package mutating func draw(_ logits: UnsafeBufferPointer<Float>, position: Int) -> Int32 {
        if greedy { return Int32(logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }) }
        order.removeAll(keepingCapacity: true)
        order.append(contentsOf: 0..<Int32(logits.count))
        order.sort { (logits[Int($0)], $1) > (logits[Int($1)], $0) }
        if topK > 0 && topK < order.count { order.removeLast(order.count - topK) }

        let largest = logits[Int(order[0])]
        weights.removeAll(keepingCapacity: true)
        var total: Float = 0
        for id in order {
            let weight = expf((logits[Int(id)] - largest) / temperature)
            weights.append(weight)
            total += weight
        }
        var kept: Float = 0
        var count = 0
        // The code that crosses the threshold is kept, so at least one always is.
        while count < weights.count && (count == 0 || kept < topP * total) {
            kept += weights[count]
            count += 1
        }
        var rest = CounterGenerator.uniform(seed: seed, position: position) * kept
        for index in 0..<count {
            rest -= weights[index]
            if rest < 0 { return order[index] }
        }
        return order[count - 1]
    }
}

/// Uniform numbers addressed by (seed, position) rather than drawn in sequence: SplitMix64's finaliser over both.
enum CounterGenerator {
    /// In 0 ..< 1, with 24 bits.
    static func uniform(seed: UInt64, position: Int) -> Float {
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
