import ModelConfiguration
import Foundation
import Layers
import Tensor

/// Embeds the time step and the picture's size for the modulation of every block: `[1, timeEmbeddingSize]`. In f32 up to the sum: it is one
/// row, and waves of a time step near 1000 are not for bf16.
///
/// Reference: diffusers 0.42.1 `GlmImageCombinedTimestepSizeEmbeddings`: SiLU is applied once, to the sum.
struct TimestepEmbedding {
    private let device: any Device
    private let time1, time2: Linear  // [timeSize, timeSize]            timestep_embedder.linear_1, 2
    private let size1: Linear  // [timeSize, 4 · conditionSize]   condition_embedder.linear_1
    private let size2: Linear  // [timeSize, timeSize]            condition_embedder.linear_2
    private let timeSize, conditionSize: Int
    private let waves, hidden: Tensor  // [1, timeSize], f32

    init(_ weights: WeightScope, _ configuration: TransformerConfiguration) throws {
        device = weights.device
        timeSize = configuration.timeEmbeddingSize
        conditionSize = configuration.conditionSize
        time1 = try weights.linear("timestep_embedder.linear_1", from: timeSize, to: timeSize)
        time2 = try weights.linear("timestep_embedder.linear_2", from: timeSize, to: timeSize)
        size1 = try weights.linear("condition_embedder.linear_1", from: 4 * conditionSize, to: timeSize)
        size2 = try weights.linear("condition_embedder.linear_2", from: timeSize, to: timeSize)
        waves = device.makeTensor(Shape(1, timeSize), .f32)
        hidden = device.makeTensor(Shape(1, timeSize), .f32)
    }

    /// The part that is the same for all steps: crop at (0, 0), then height and width in pixels. `[1, timeSize]`.
    func size(height: Int, width: Int) -> Tensor {
        let numbers: [Float] = [0, 0, Float(height), Float(width)]
        let input = device.makeTensor(numbers.flatMap { TimestepEmbedding.sinusoid($0, conditionSize) }, Shape(1, 4 * conditionSize))
        let result = device.makeTensor(Shape(1, timeSize), .f32)
        size1(input, .store(.silu), into: hidden)
        size2(hidden, into: result)
        return result
    }

    /// `silu(time + size)` into `embedding [1, timeSize]`.
    func callAsFunction(time: Float, size: Tensor, into embedding: Tensor) {
        device.write(TimestepEmbedding.sinusoid(time, timeSize), to: waves)
        time1(waves, .store(.silu), into: hidden)
        time2(hidden, into: waves)
        device.add(size, to: waves)
        device.activate(.silu, waves, into: waves)
        device.copy(waves, to: embedding)
    }

    /// Cosines first, then sines, of `value` at frequencies from 1 down to 1/10000.
    static func sinusoid(_ value: Float, _ count: Int) -> [Float] {
        let half = count / 2
        let angles = (0..<half).map { value * expf(Float(-log(10000.0)) * Float($0) / Float(half)) }
        return angles.map { cosf($0) } + angles.map { sinf($0) } + Array(repeating: 0, count: count - 2 * half)
    }
}
