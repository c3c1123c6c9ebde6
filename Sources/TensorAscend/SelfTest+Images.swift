import Foundation
import Tensor

// The largest error of an operation on images, relative to the largest true value.

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
                device.makeTensor(x, Shape(side, side, inputs)), placed, stride: stride, padding: padding, upsampling: upsampling, .store(.identity),
                into: y)
            let truth = (0..<height * height * outputs).map { at -> Double in
                let (row, column, output) = (
                    at / outputs / height * stride - padding.top, at / outputs % height * stride - padding.left, at % outputs
                )
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
            device.makeTensor(x, [3, 4, 8]), groups: groups, weight: device.makeTensor(weight, [8]), bias: device.makeTensor(bias, [8]),
            epsilon: 1e-6,
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
}
