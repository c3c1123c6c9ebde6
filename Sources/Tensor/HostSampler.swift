import Foundation

/// Samples on the host.
///
/// Limits keep the likeliest ids, of equals those with lower ids. Ids are sorted into buckets of nearly equal logits, and only the buckets
/// that hold a limit are put in order. Its buffers grow to the most ids and stay.
public struct HostSampler {
    private var weights: [Float] = []  // of each id, the likeliest's is 1
    private var buckets: [UInt16] = []  // of each id, from the likeliest on
    private var counts = Array(repeating: 0, count: bucketCount)  // of each bucket
    private var masses = Array(repeating: 0.0, count: bucketCount)  // of each bucket

    private static let bucketCount = 1024

    public init() {}

    /// One id of each row of dense `logits [rows, ids]`, row i by `parameters[i]`, and masses, as ``SampledTokens`` has them.
    public mutating func sample(_ logits: [Float], _ parameters: [SamplingParameters]) -> (ids: [Int32], mass: [Float]) {
        let columns = logits.count / max(parameters.count, 1)
        return logits.withUnsafeBufferPointer { logits in
            sample(parameters) { UnsafeBufferPointer(rebasing: logits[$0 * columns..<($0 + 1) * columns]) }
        }
    }

    /// The same for rows at any address.
    public mutating func sample(
        _ parameters: [SamplingParameters], from row: (Int) -> UnsafeBufferPointer<Float>
    ) -> (ids: [Int32], mass: [Float]) {
        let ids = parameters.indices.map { sample(row($0), parameters[$0]) }
        return (ids.map { $0 ?? 0 }, ids.map { $0 == nil ? .nan : 1 })
    }

    /// One id of one row; nil if a logit is NaN or +∞.
    /// - Parameter minP: of the ids that top-k and top-p leave, only those at least this many times as likely as the likeliest are sampled.
    public mutating func sample(_ logits: [Float], _ parameters: SamplingParameters, minP: Float) -> Int32? {
        logits.withUnsafeBufferPointer { sample($0, parameters, minP: minP) }
    }

    /// An id below `logits.count`; nil if a logit is NaN or +∞.
    private mutating func sample(_ logits: UnsafeBufferPointer<Float>, _ parameters: SamplingParameters, minP: Float = 0) -> Int32? {
        guard spread(logits, parameters.temperature) else { return nil }
        // Past the last id that is kept: a bucket, and how many of its ids in order.
        var end = Place(bucket: HostSampler.bucketCount, count: 0, mass: masses.reduce(0, +))
        if parameters.topK > 0 && parameters.topK < logits.count { end = place(logits, before: end) { counts, _ in counts >= parameters.topK } }
        let threshold = Double(parameters.topP) * end.mass
        end = place(logits, before: end) { _, mass in mass >= threshold }
        if minP > 0 {
            let likely = weights.count { $0 >= minP }
            end = place(logits, before: end) { count, _ in count >= likely }
        }
        return draw(logits, before: end, parameters.generator)
    }

    /// The id before `end` with the least exponential number ÷ weight, which is the one with the largest ln weight + Gumbel number.
    private func draw(_ logits: UnsafeBufferPointer<Float>, before end: Place, _ generator: CounterGenerator) -> Int32 {
        var least = Double.infinity
        var drawn = 0
        func consider(_ id: Int) {
            let weight = Double(weights[id])
            // The exponential number is no smaller than the uniform one, so that most ids need no logarithm.
            guard generator.uniform(id) < least * weight else { return }
            let ratio = generator.exponential(id) / weight
            if ratio < least { (least, drawn) = (ratio, id) }
        }
        for id in buckets.indices where buckets[id] < end.bucket { consider(id) }
        if end.count > 0 { for id in ordered(end.bucket, logits).prefix(end.count) { consider(Int(id)) } }
        return Int32(drawn)
    }

    /// A prefix of the ids in order: whole buckets before `bucket`, `count` ids of it, `mass` of all of them.
    private struct Place {
        var bucket: Int
        var count: Int
        var mass: Double
    }

    /// The shortest prefix, of at least one id, that `reaches` by its count and mass; all up to `end` where none does.
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
            // Every bucket was passed: rounding alone kept the last id from reaching.
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

    /// The ids of a bucket, the likeliest first.
    private func ordered(_ bucket: Int, _ logits: UnsafeBufferPointer<Float>) -> [Int32] {
        var ids: [Int32] = []
        for id in buckets.indices where buckets[id] == UInt16(bucket) { ids.append(Int32(id)) }
        ids.sort { (logits[Int($0)], $1) > (logits[Int($1)], $0) }
        return ids
    }

    /// Weighs the ids and sorts them into buckets.
    /// - Returns: false where a logit is NaN or +∞.
    private mutating func spread(_ logits: UnsafeBufferPointer<Float>, _ temperature: Float) -> Bool {
        var largest = -Float.infinity
        var smallest = Float.infinity
        for logit in logits {
            largest = logit > largest ? logit : largest
            smallest = logit < smallest ? logit : smallest
        }
        // Weights below e⁻³² are all but nothing: they share the last bucket.
        let range = min(largest - smallest, 32 * temperature)
        let scale = range > 0 ? Float(HostSampler.bucketCount - 1) / range : 0
        weights.removeAll(keepingCapacity: true)
        buckets.removeAll(keepingCapacity: true)
        weights.reserveCapacity(logits.count)
        buckets.reserveCapacity(logits.count)
        for bucket in 0..<HostSampler.bucketCount {
            counts[bucket] = 0
            masses[bucket] = 0
        }
        for logit in logits {
            let below = largest - logit
            guard below >= 0 else { return false }
            let weight = expf(-below / temperature)
            let bucket = Int(min(below, range) * scale)
            weights.append(weight)
            buckets.append(UInt16(bucket))
            counts[bucket] += 1
            masses[bucket] += Double(weight)
        }
        return true
    }
}
