import Foundation
import Tensor

// The largest error of an operation on images, relative to the largest true value.

extension SelfTest {
    /// Enlarged and evenly padded; then with a stride and padding below and on the right only.
    func convolution() throws -> Double {
        try max(
            convolution(side: 4, inputs: 3, outputs: 5, stride: 1, padding: Padding(1), upsampling: 2),
            convolution(side: 4, inputs: 3, outputs: 5, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1), upsampling: 1))
    }

    /// - Parameter step: between elements that are compared.
    func convolution(side: Int, inputs: Int, outputs: Int, stride: Int, padding: Padding, upsampling: Int, comparing step: Int = 1) throws -> Double {
        let (x, weight, bias) = (noise(side * side * inputs, 26), noise(outputs * inputs * 9, 27), noise(outputs, 28))
        let placed = ConvolutionWeight(
            outChannels: outputs, inChannels: inputs, kernel: 3, weight: device.makeTensor(weight, Shape([outputs, inputs, 3, 3])),
            bias: device.makeTensor(bias, Shape(outputs)))
        let height = (side * upsampling + padding.top + padding.bottom - 3) / stride + 1
        let y = device.makeTensor(Shape(height, height, outputs), .f32)
        device.convolution(
            device.makeTensor(x, Shape(side, side, inputs)), placed, stride: stride, padding: padding, upsampling: upsampling, .store(.identity),
            into: y)
        let result = try device.floats(y), compared = Swift.stride(from: 0, to: result.count, by: step)
        let truth = compared.map { at -> Double in
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
        return error(compared.map { result[$0] }, truth)
    }

    func groupNorm(height: Int = 3, width: Int = 4, channels: Int = 8, groups: Int = 2) throws -> Double {
        let pixels = height * width
        let (x, weight, bias) = (noise(pixels * channels, 29), noise(channels, 30), noise(channels, 31))
        let y = device.makeTensor(Shape(height, width, channels), .f32)
        device.groupNorm(
            device.makeTensor(x, y.shape), groups: groups, weight: device.makeTensor(weight, Shape(channels)),
            bias: device.makeTensor(bias, Shape(channels)), epsilon: 1e-6, activation: .silu, into: y)
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
