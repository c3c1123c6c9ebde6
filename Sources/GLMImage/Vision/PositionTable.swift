import Domain
import ModelConfiguration
import Checkpoint
import Layers
import Tensor

/// Learned positions on a square grid, sampled bilinearly for a picture's own grid.
///
/// Reference: transformers 5.23 `GlmImageVisionEmbeddings` (`grid_sample`, pixel centres, `align_corners` false, border padding).
struct PositionTable {
    private let values: [Float]  // [side · side, hidden]
    private let side: Int
    private let hidden: Int

    init(_ weights: WeightScope, _ configuration: VisionConfiguration) throws {
        side = configuration.imageSize / configuration.patchSize
        hidden = configuration.hiddenSize
        values = try weights.map.take(weights.prefix + "position_embedding.weight", Shape(side * side, hidden)).hostFloats()
    }

    /// Positions of every patch of `grid`, `[grid.count, hidden]` in raster order.
    func sample(_ grid: GridSize) -> [Float] {
        let rows = taps(grid.height)
        let columns = taps(grid.width)
        var result = [Float](repeating: 0, count: grid.count * hidden)
        var start = 0
        for row in rows {
            for column in columns {
                let corners = [
                    (row.low, column.low, (1 - row.fraction) * (1 - column.fraction)), (row.low, column.high, (1 - row.fraction) * column.fraction),
                    (row.high, column.low, row.fraction * (1 - column.fraction)), (row.high, column.high, row.fraction * column.fraction),
                ]
                for (y, x, weight) in corners where weight != 0 {
                    let source = (y * side + x) * hidden
                    for channel in 0..<hidden { result[start + channel] += weight * values[source + channel] }
                }
                start += hidden
            }
        }
        return result
    }

    /// Where each of `count` cell centres falls on the table's axis. The arithmetic is `grid_sample`'s, in f32.
    private func taps(_ count: Int) -> [(low: Int, high: Int, fraction: Float)] {
        (0..<count).map { index in
            let normalized = (Float(index) + 0.5) / Float(count) * 2 - 1
            let position = min(max(((normalized + 1) * Float(side) - 1) / 2, 0), Float(side - 1))
            let low = Int(position)
            return (low, min(low + 1, side - 1), position - Float(low))
        }
    }
}
