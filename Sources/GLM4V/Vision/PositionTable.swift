import Checkpoint
import Layers
import ModelConfiguration
import Tensor

/// Learned positions on a square grid, sampled bicubically for an image's own grid.
///
/// Reference: transformers 5.23 `Glm4vVisionEmbeddings` (`grid_sample`, bicubic, `align_corners` false, border padding): a cubic of
/// A = −0.75 at a coordinate that may lie outside the table; only the indices of its four taps are clamped.
struct PositionTable {
    private let values: [Float]  // [side · side, hidden]
    private let side: Int
    private let hidden: Int

    init(_ weights: WeightScope, _ configuration: GLM4VVisionConfiguration) throws {
        side = configuration.tableSide
        hidden = configuration.hiddenSize
        values = try weights.map.take(weights.prefix + "position_embedding.weight", Shape(side * side, hidden)).hostFloats()
    }

    /// Positions of every patch of `grid`, `[grid.count, hidden]`, in the order of the grid.
    func sample(_ grid: PatchGrid) -> [Float] {
        let rows = taps(grid.height)
        let columns = taps(grid.width)
        return [Float](unsafeUninitializedCapacity: grid.count * hidden) { result, count in
            // First between the table's rows, once for each row of patches; then between what stands in its columns.
            var between = [Float](repeating: 0, count: side * hidden)
            for row in 0..<grid.height {
                between.withUnsafeMutableBufferPointer { between in
                    values.withUnsafeBufferPointer { mix($0, rows[row], stride: side * hidden, count: side * hidden, into: between.baseAddress!) }
                }
                between.withUnsafeBufferPointer { between in
                    for column in 0..<grid.width {
                        let place = result.baseAddress! + grid.index(row: row, column: column) * hidden
                        mix(between, columns[column], stride: hidden, count: hidden, into: place)
                    }
                }
            }
            count = grid.count * hidden
        }
    }

    /// The weighted sum of four runs of `count` values, which begin at the taps' indices times `stride`.
    private func mix(_ source: UnsafeBufferPointer<Float>, _ taps: Taps, stride: Int, count: Int, into target: UnsafeMutablePointer<Float>) {
        let (a, b, c, d) = (taps.indices[0] * stride, taps.indices[1] * stride, taps.indices[2] * stride, taps.indices[3] * stride)
        let weights = taps.weights
        for i in 0..<count {
            target[i] = source[a + i] * weights[0] + source[b + i] * weights[1] + source[c + i] * weights[2] + source[d + i] * weights[3]
        }
    }

    /// Four neighbours on an axis of the table, and their weights.
    private struct Taps {
        let indices: SIMD4<Int>
        let weights: SIMD4<Float>
    }

    /// Where each of `count` patches' centres falls on the table's axis. The arithmetic is `grid_sample`'s, in f32.
    private func taps(_ count: Int) -> [Taps] {
        (0..<count).map { index in
            let normalized = (Float(index) + 0.5) / Float(count) * 2 - 1
            let position = ((normalized + 1) * Float(side) - 1) / 2
            let low = position.rounded(.down)
            let first = Int(low) - 1
            return Taps(
                indices: SIMD4(first, first + 1, first + 2, first + 3).clamped(
                    lowerBound: SIMD4(repeating: 0), upperBound: SIMD4(repeating: side - 1)),
                weights: Self.weights(position - low))
        }
    }

    /// Of the taps at −1, 0, 1 and 2, at `fraction` between 0 and 1.
    private static func weights(_ fraction: Float) -> SIMD4<Float> {
        let a: Float = -0.75
        func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
        func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return SIMD4(far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction))
    }
}
