import Foundation
import Tensor

// Operations that choose: right, or wrong beyond all error.

extension SelfTest {
    func argmax(rows: Int = 4, columns: Int = 50) throws -> Double {
        let x = noise(rows * columns, 32)
        let places = device.makeTensor(Shape(rows), .i32)
        device.argmax(device.makeTensor(x, Shape(rows, columns)), into: places)
        let truth = (0..<rows).map { row in (0..<columns).max { x[row * columns + $0] < x[row * columns + $1] } }
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

    /// A pass's rows of all codes, against the host's sampler. Where rounding may move the end of top-p past the id that is drawn, another
    /// position is taken.
    func sampling(rows: Int, columns: Int) throws -> Double {
        let logits = noise(rows * columns, 36).map { 6 * $0 }
        var host = HostSampler()
        func parameters(_ position: Int, topP: Float = 0.75) -> SamplingParameters {
            SamplingParameters(temperature: 0.9, topP: topP, topK: 0, generator: CounterGenerator(seed: 2, position: position))
        }
        var (positions, truth): ([Int], [Int32?]) = ([], [])
        for row in 0..<rows {
            let own = Array(logits[row * columns..<(row + 1) * columns])
            var position = row
            var ids: [Int32?] = []
            repeat {
                position += rows
                ids = [0.749, 0.75, 0.751].map { host.sample(own, parameters(position, topP: $0), minP: 0) }
            } while Set(ids).count > 1 && position < 16 * rows
            positions.append(position)
            truth.append(ids[1])
        }
        let sampled = SampledTokens(rows: rows, on: device)
        device.sample(device.makeTensor(logits, Shape(rows, columns)), positions.map { parameters($0) }, into: sampled)
        return try device.integers(sampled.ids) == truth ? 0 : .infinity
    }
}
