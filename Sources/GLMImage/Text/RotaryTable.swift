import Foundation
import Tensor

/// Cosines and sines of rows' positions, `[rows, pairs]` f32 each.
struct RotaryTable {
    let cosine, sine: Tensor

    func rows(_ range: Range<Int>) -> RotaryTable {
        RotaryTable(cosine: cosine.rows(range), sine: sine.rows(range))
    }
}

/// Turns three-axis positions into angles: each section of the frequencies follows one axis.
///
/// Reference: transformers 5.23 `GlmImageTextRotaryEmbedding` (section i follows axis i mod 3, from high to low frequency).
struct MultimodalRotary {
    private let frequencies: [Float]    // [pairs]
    private let axes: [Int]             // [pairs], 0 temporal, 1 height, 2 width

    init(_ configuration: TextConfiguration) {
        let dimensions = Int(Float(configuration.headSize) * configuration.rope.partialRotaryFactor)
        frequencies = stride(from: 0, to: dimensions, by: 2).map { 1 / powf(configuration.rope.theta, Float($0) / Float(dimensions)) }
        axes = configuration.rope.sections.enumerated().flatMap { section, count in Array(repeating: section % 3, count: count) }
    }

    func table(_ positions: [RasterPosition], on device: any Device) -> RotaryTable {
        var angles: [Float] = []
        angles.reserveCapacity(positions.count * frequencies.count)
        for position in positions {
            for (axis, frequency) in zip(axes, frequencies) { angles.append(Float(position[axis]) * frequency) }
        }
        let shape = Shape(positions.count, frequencies.count)
        return RotaryTable(cosine: device.makeTensor(angles.map { cosf($0) }, shape), sine: device.makeTensor(angles.map { sinf($0) }, shape))
    }
}
