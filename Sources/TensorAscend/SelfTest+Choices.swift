import Foundation
import Tensor

// Operations that choose: right, or wrong beyond all error.

extension SelfTest {
    func argmax() throws -> Double {
        let x = noise(4 * 50, 32)
        let places = device.makeTensor([4], .i32)
        device.argmax(device.makeTensor(x, [4, 50]), into: places)
        let truth = (0..<4).map { row in (0..<50).max { x[row * 50 + $0] < x[row * 50 + $1] } }
        return try device.integers(places).map { Int($0) } == truth ? 0 : .infinity
    }

    /// Rows whose best id is ahead of the next by more than rounding can change.
    func sampling() throws -> Double {
        let weights: [Float] = [0.05, 0.4, 0.1, 0.25, 0.2]
        func row(_ position: Int, temperature: Float = 1, topP: Float = 1, topK: Int = 0) -> SamplingParameters {
            SamplingParameters(temperature: temperature, topP: topP, topK: topK, generator: CounterGenerator(seed: 1, position: position))
        }
        let parameters = [.greedy, row(14), row(25, topP: 0.6), row(8, temperature: 0.5, topK: 2), row(25, temperature: 2, topP: 0.9)]
        let logits = device.makeTensor([parameters.count, 7], .f32)
        device.write(parameters.flatMap { _ in weights.map { log($0) } + [9, 9] }, to: logits)
        let sampled = SampledTokens(rows: parameters.count, on: device)
        device.sample(logits.columns(0..<5), parameters, into: sampled)
        return try device.integers(sampled.ids) == [1, 2, 3, 3, 2] && device.floats(sampled.mass).allSatisfy { $0 > 0 } ? 0 : .infinity
    }
}
