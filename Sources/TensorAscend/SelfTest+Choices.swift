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

    /// Rows whose draws fall well inside a code's share, so that rounding decides nothing.
    func draw() throws -> Double {
        let weights: [Float] = [0.05, 0.4, 0.1, 0.25, 0.2]
        let draws = [
            Draw.greedy, Draw(temperature: 1, topP: 1, topK: 0, uniform: 0.97), Draw(temperature: 1, topP: 0.6, topK: 0, uniform: 0.9),
            Draw(temperature: 0.5, topP: 1, topK: 2, uniform: 0.8),
        ]
        let logits = device.makeTensor([draws.count, 7], .f32)
        device.write(draws.flatMap { _ in weights.map { log($0) } + [9, 9] }, to: logits)
        let drawn = DrawnCodes(rows: draws.count, on: device)
        device.draw(logits.columns(0..<5), draws, into: drawn)
        return try device.integers(drawn.ids) == [1, 0, 3, 3] && device.floats(drawn.mass).allSatisfy { $0 > 0 } ? 0 : .infinity
    }
}
