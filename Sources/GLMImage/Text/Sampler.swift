import Foundation
package import Requests

/// Draws a code from logits by temperature, top-k and top-p, in transformers' order.
///
/// Deterministic in (seed, position): a request draws the same codes alone or among others, on any replica, and after a
/// retry. Codes are walked through from the likeliest on, equals by id. They are sorted into buckets of nearly equal logits
/// first, and only the buckets in which a limit or the draw falls are put in order.
package struct Sampler {
    private let greedy: Bool
    private let temperature: Float
    private let topP: Double
    private let topK: Int
    private let seed: UInt64
    private var weights: [Float] = []       // of each code, the likeliest's is 1
    private var buckets: [UInt16] = []      // of each code, from the likeliest on
    private var counts: [Int] = []          // of each bucket
    private var masses: [Double] = []       // of each bucket

    private static let bucketCount = 1024

    init(_ configuration: GenerationConfiguration, _ override: SamplingOverride, seed: UInt64) {
        self.init(
            greedy: override.greedy || !configuration.samples, temperature: override.temperature ?? configuration.temperature,
            topP: override.topP ?? configuration.topP, topK: override.topK ?? configuration.topK, seed: seed)
    }

    /// - Parameter topK: 0 for no such limit.
    package init(greedy: Bool = false, temperature: Float = 1, topP: Float = 1, topK: Int = 0, seed: UInt64) {
        self.greedy = greedy
        self.temperature = temperature
        self.topP = Double(topP)
        self.topK = topK
        self.seed = seed
    }

    /// A code below `logits.count`.
    /// - Throws: `GLMImageError` `notFinite` where a logit is NaN or +∞.
    package mutating func draw(_ logits: UnsafeBufferPointer<Float>, position: Int) throws(GLMImageError) -> Int32 {
        if greedy { return Int32(logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }) }
        try spread(logits)
        // Past the last code that is kept: a bucket, and how many of its codes in order.
        var end = Place(bucket: Sampler.bucketCount, count: 0, mass: masses.reduce(0, +))
        if topK > 0 && topK < logits.count { end = place(logits, before: end) { counts, _ in counts >= topK } }
        let threshold = topP * end.mass
        end = place(logits, before: end) { _, mass in mass >= threshold }
        let drawn = Double(CounterGenerator.uniform(seed: seed, position: position)) * end.mass
        let place = place(logits, before: end) { _, mass in mass > drawn }
        return ordered(place.bucket, logits)[place.count - 1]
    }

    /// A prefix of the codes in order: whole buckets before `bucket`, `count` codes of it, `mass` of all of them.
    private struct Place {
        var bucket: Int
        var count: Int
        var mass: Double
    }

    /// The shortest prefix, of one code at least, that `reaches` by its count and mass; all up to `end` where none does.
    private func place(_ logits: UnsafeBufferPointer<Float>, before end: Place, _ reaches: (Int, Double) -> Bool) -> Place {
        var total = 0
        var mass = 0.0
        var bucket = 0
        while bucket < end.bucket && (counts[bucket] == 0 || !reaches(total + counts[bucket], mass + masses[bucket])) {
            total += counts[bucket]
            mass += masses[bucket]
            bucket += 1
        }
        if bucket == end.bucket && end.count == 0 {
            // Every bucket was passed: rounding alone kept the last code from reaching.
            bucket = counts[..<end.bucket].lastIndex { $0 > 0 } ?? 0
            return Place(bucket: bucket, count: counts[bucket], mass: end.mass)
        }
        let ids = ordered(bucket, logits)
        let limit = bucket == end.bucket ? end.count : ids.count
        for count in 1...limit {
            mass += Double(weights[Int(ids[count - 1])])
            if reaches(total + count, mass) { return Place(bucket: bucket, count: count, mass: mass) }
        }
        return Place(bucket: bucket, count: limit, mass: mass)
    }

    /// The codes of a bucket, the likeliest first.
    private func ordered(_ bucket: Int, _ logits: UnsafeBufferPointer<Float>) -> [Int32] {
        var ids: [Int32] = []
        for id in buckets.indices where buckets[id] == UInt16(bucket) { ids.append(Int32(id)) }
        ids.sort { (logits[Int($0)], $1) > (logits[Int($1)], $0) }
        return ids
    }

    /// Weighs the codes and sorts them into buckets.
    private mutating func spread(_ logits: UnsafeBufferPointer<Float>) throws(GLMImageError) {
        var largest = -Float.infinity
        var smallest = Float.infinity
        for logit in logits {
            largest = logit > largest ? logit : largest
            smallest = logit < smallest ? logit : smallest
        }
        // Weights below e⁻³² are all but nothing: they share the last bucket.
        let range = min(largest - smallest, 32 * temperature)
        let scale = range > 0 ? Float(Sampler.bucketCount - 1) / range : 0
        weights.removeAll(keepingCapacity: true)
        buckets.removeAll(keepingCapacity: true)
        counts = Array(repeating: 0, count: Sampler.bucketCount)
        masses = Array(repeating: 0, count: Sampler.bucketCount)
        for logit in logits {
            let below = largest - logit
            guard below >= 0 else { throw GLMImageError(.notFinite, "the decoder's logits are not finite") }
            let weight = expf(-below / temperature)
            let bucket = Int(min(below, range) * scale)
            weights.append(weight)
            buckets.append(UInt16(bucket))
            counts[bucket] += 1
            masses[bucket] += Double(weight)
        }
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
