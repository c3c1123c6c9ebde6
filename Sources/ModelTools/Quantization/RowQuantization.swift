/// int8 with one scale for each row of a matrix, symmetric: a weight is about `q · scale`, `q` in −127 … 127.
///
/// The scale is the row's largest magnitude over 127, so that the largest is exact and none is off by more than half a step.
package enum RowQuantization {
    private static let largest: Float = 127

    /// Quotients of f32 are rounded: a weight in the middle between two steps may go to the farther one, this much of half a step too far.
    private static let slack = 1.0 / 65536

    /// Quantises a row.
    /// - Returns: its scale; nil where a weight is infinite or not a number.
    package static func quantize(_ row: UnsafeBufferPointer<Float>, into target: UnsafeMutableBufferPointer<Int8>) -> Float? {
        var largestMagnitude: Float = 0
        var isFinite = true
        for weight in row {
            largestMagnitude = max(largestMagnitude, abs(weight))
            isFinite = isFinite && weight.isFinite
        }
        guard isFinite else { return nil }
        // Of a row of zeros any scale is right; a subnormal one would have no digits left.
        let scale = max(largestMagnitude / largest, .leastNormalMagnitude)
        for index in row.indices { target[index] = Int8(min(max((row[index] / scale).rounded(.toNearestOrEven), -largest), largest)) }
        return scale
    }

    /// Whether each of a row's quantised weights is within half a step of the weight.
    package static func holds(_ row: UnsafeBufferPointer<Float>, _ quantized: UnsafeBufferPointer<Int8>, scale: Float) -> Bool {
        let step = Double(scale)
        let limit = step / 2 * (1 + slack)
        return step > 0 && row.indices.allSatisfy { abs(Double(row[$0]) - Double(quantized[$0]) * step) <= limit }
    }
}
