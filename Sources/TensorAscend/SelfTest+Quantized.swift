import Tensor

// The largest error of products with weights of int8, relative to the largest true value.

extension SelfTest {
    /// Rows whose rounding to int8 loses nothing, so that scales, signs and places show: whole numbers up to 127 times a power of two.
    func quantizedLinear() throws -> Double {
        let (inputs, outputs) = (96, 40)
        let elements = (0..<outputs * inputs).map { Int8($0 * 73 % 255 - 127) }
        let (scales, bias) = (noise(outputs, 40).map { abs($0) + 0.1 }, noise(outputs, 41))
        let stored = device.makeTensor(Shape(outputs, inputs), .i8)
        elements.withUnsafeBytes { device.write($0, to: stored) }
        let weight = MatrixWeight(stored, scales: device.makeTensor(scales, Shape(outputs)))
        let weights = elements.enumerated().map { Float($1) * scales[$0 / inputs] }
        var worst = 0.0
        for (rows, type) in [(1, DType.f32), (33, device.activationType)] {
            let x = (0..<rows * inputs).map { at in
                (at % inputs == 0 ? 127 : Float(at * 59 % 255 - 127)) / Float(1 << (at / inputs % 3))
            }
            let products = (0..<rows * outputs).map { at in
                dot(x[at / outputs * inputs..<(at / outputs + 1) * inputs], weights[at % outputs * inputs..<(at % outputs + 1) * inputs])
                    + Double(bias[at % outputs])
            }
            let (input, y) = (device.makeTensor(Shape(rows, inputs), type), device.makeTensor(Shape(rows, outputs), type))
            device.write(x, to: input)
            device.linear(input, weight, bias: device.makeTensor(bias, Shape(outputs)), .store(.identity), into: y)
            worst = max(worst, error(try device.floats(y), products))
        }
        return worst
    }
}
