import Foundation

/// How one code is drawn from a row of logits: by temperature, top-k and top-p, in transformers' order.
public struct Draw: Sendable, Hashable {
    public var temperature: Float
    public var topP: Float
    /// 0 for no such limit.
    public var topK: Int
    /// Where in the mass of the codes that are kept the draw falls, in 0 ..< 1.
    public var uniform: Float

    public init(temperature: Float, topP: Float, topK: Int, uniform: Float) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.uniform = uniform
    }

    /// The first of the largest.
    public static let greedy = Draw(temperature: 1, topP: 1, topK: 1, uniform: 0)
}

/// Makes draws on the host.
///
/// Codes are walked through from the likeliest on, equals by id. They are sorted into buckets of nearly equal logits first, and
/// only the buckets in which a limit or the draw falls are put in order.
public struct Sampler {
    private var weights: [Float] = []  // of each code, the likeliest's is 1
    private var buckets: [UInt16] = []  // of each code, from the likeliest on
    private var counts: [Int] = []  // of each bucket
    private var masses: [Double] = []  // of each bucket

    private static let bucketCount = 1024

    private init() {}

    /// One code of each row of dense `logits [draws, codes]`, and masses, as ``DrawnCodes`` has them.
    public static func draw(_ logits: [Float], _ draws: [Draw]) -> (ids: [Int32], mass: [Float]) {
        let codes = logits.count / max(draws.count, 1)
        return logits.withUnsafeBufferPointer { logits in draw(draws) { UnsafeBufferPointer(rebasing: logits[$0 * codes..<($0 + 1) * codes]) } }
    }

    /// The same for rows that lie anywhere.
    public static func draw(_ draws: [Draw], from row: (Int) -> UnsafeBufferPointer<Float>) -> (ids: [Int32], mass: [Float]) {
        var sampler = Sampler()
        let codes = draws.indices.map { sampler.draw(row($0), draws[$0]) }
        return (codes.map { $0 ?? 0 }, codes.map { $0 == nil ? .nan : 1 })
    }

    /// A code below `logits.count`; nil where a logit is NaN or +∞.
    private mutating func draw(_ logits: UnsafeBufferPointer<Float>, _ draw: Draw) -> Int32? {
        guard spread(logits, draw.temperature) else { return nil }
        // Past the last code that is kept: a bucket, and how many of its codes in order.
        var end = Place(bucket: Sampler.bucketCount, count: 0, mass: masses.reduce(0, +))
        if draw.topK > 0 && draw.topK < logits.count { end = place(logits, before: end) { counts, _ in counts >= draw.topK } }
        let threshold = Double(draw.topP) * end.mass
        end = place(logits, before: end) { _, mass in mass >= threshold }
        let drawn = Double(draw.uniform) * end.mass
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
        let scale = range > 0 ? Float(Sampler.bucketCount - 1) / range : 0
        weights.removeAll(keepingCapacity: true)
        buckets.removeAll(keepingCapacity: true)
        weights.reserveCapacity(logits.count)
        buckets.reserveCapacity(logits.count)
        counts = Array(repeating: 0, count: Sampler.bucketCount)
        masses = Array(repeating: 0, count: Sampler.bucketCount)
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
