import ModelConfiguration
import Foundation
import Tensor

/// Cosines and sines of rows' positions, `[rows, pairs]` f32 each.
struct RotaryTable {
    let cosine, sine: Tensor
}

/// Turns three-axis positions into angles: each section of the frequencies follows one axis.
///
/// Reference: transformers 5.23 `GlmImageTextRotaryEmbedding` (section i follows axis i mod 3, from high to low frequency).
struct MultimodalRotary {
    private let frequencies: [Float]  // [pairs]
    private let axes: [Int]  // [pairs], 0 temporal, 1 height, 2 width

    init(_ configuration: TextConfiguration) {
        let dimensions = Int(Float(configuration.headSize) * configuration.rope.partialRotaryFactor)
        frequencies = stride(from: 0, to: dimensions, by: 2).map { 1 / powf(configuration.rope.theta, Float($0) / Float(dimensions)) }
        axes = configuration.rope.sections.enumerated().flatMap { section, count in Array(repeating: section % 3, count: count) }
    }

    /// Writes the table of `positions`, one a row.
    func fill(_ table: RotaryTable, _ positions: [RasterPosition], on device: any Device) {
        var angles: [Float] = []
        angles.reserveCapacity(positions.count * frequencies.count)
        for position in positions {
            for (axis, frequency) in zip(axes, frequencies) { angles.append(Float(position[axis]) * frequency) }
        }
        device.write(angles.map { cosf($0) }, to: table.cosine)
        device.write(angles.map { sinf($0) }, to: table.sine)
    }
}
