import Foundation
import Layers
import Tensor

/// Turns positions on three axes into angles: each section of the frequencies follows one axis.
///
/// Reference: transformers 5.23 `GlmImageTextRotaryEmbedding` and `Glm4vTextRotaryEmbedding` (section i follows axis i mod 3, from high to low frequency).
struct MultimodalRotary {
    private let frequencies: [Float]  // [pairs]
    private let axes: [Int]  // [pairs], 0 temporal, 1 height, 2 width

    init(_ configuration: DecoderConfiguration.Rotary) {
        let dimensions = configuration.dimensions
        frequencies = stride(from: 0, to: dimensions, by: 2).map { 1 / powf(configuration.theta, Float($0) / Float(dimensions)) }
        axes = configuration.sections.enumerated().flatMap { section, count in Array(repeating: section % 3, count: count) }
    }

    /// Writes the table of `positions`, one for each row.
    func fill(_ table: RotaryTable, _ positions: [RotaryPosition], on device: any Device) {
        var angles: [Float] = []
        angles.reserveCapacity(positions.count * frequencies.count)
        for position in positions {
            for (axis, frequency) in zip(axes, frequencies) { angles.append(Float(position[axis]) * frequency) }
        }
        table.write(angles, on: device)
    }
}
