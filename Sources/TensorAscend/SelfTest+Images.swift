import Foundation
import Tensor

// The largest error of an operation on images, relative to the largest true value; and of choices, which are right or wrong.

extension SelfTest {
    /// Enlarged and evenly padded; then with a stride and padding below and on the right only.
    func convolution() throws -> Double {
        let (side, inputs, outputs) = (4, 3, 5)
        let (x, weight, bias) = (noise(side * side * inputs, 26), noise(outputs * inputs * 9, 27), noise(outputs, 28))
        let placed = ConvolutionWeight(
            outChannels: outputs, inChannels: inputs, kernel: 3, weight: device.makeTensor(weight, Shape([outputs, inputs, 3, 3])),
            bias: device.makeTensor(bias, Shape(outputs)))
        var worst = 0.0
        for (stride, padding, upsampling) in [(1, Padding(1), 2), (2, Padding(top: 0, left: 0, bottom: 1, right: 1), 1)] {
            let height = (side * upsampling + padding.top + padding.bottom - 3) / stride + 1
            let y = device.makeTensor(Shape(height, height, outputs), .f32)
            device.convolution(
                device.makeTensor(x, Shape(side, side, inputs)), placed, stride: stride, padding: padding, upsampling: upsampling, .store(.identity), into: y)
            let truth = (0..<height * height * outputs).map { at -> Double in
                let (row, column, output) = (at / outputs / height * stride - padding.top, at / outputs % height * stride - padding.left, at % outputs)
                var sum = Double(bias[output])
                for (dy, dx) in (0..<9).map({ ($0 / 3, $0 % 3) }) {
                    let (sourceY, sourceX) = (row + dy, column + dx)
                    guard (0..<side * upsampling).contains(sourceY), (0..<side * upsampling).contains(sourceX) else { continue }
                    let pixel = (sourceY / upsampling * side + sourceX / upsampling) * inputs
                    for input in 0..<inputs { sum += Double(x[pixel + input]) * Double(weight[((output * inputs + input) * 3 + dy) * 3 + dx]) }
                }
                return sum
            }
            worst = max(worst, error(try device.floats(y), truth))
        }
        return worst
    }

    func groupNorm() throws -> Double {
        let (pixels, channels, groups) = (12, 8, 2)
        let (x, weight, bias) = (noise(pixels * channels, 29), noise(channels, 30), noise(channels, 31))
        let y = device.makeTensor([3, 4, 8], .f32)
        device.groupNorm(
            device.makeTensor(x, [3, 4, 8]), groups: groups, weight: device.makeTensor(weight, [8]), bias: device.makeTensor(bias, [8]), epsilon: 1e-6,
            activation: .silu, into: y)
        var truth = [Double](repeating: 0, count: x.count)
        for group in 0..<groups {
            let members = x.indices.filter { $0 % channels / (channels / groups) == group }
            for (member, value) in zip(members, standardized(members.map { Double(x[$0]) }, epsilon: 1e-6)) {
                let scaled = value * Double(weight[member % channels]) + Double(bias[member % channels])
                truth[member] = scaled / (1 + exp(-scaled))
            }
        }
        return error(try device.floats(y), truth)
    }

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
