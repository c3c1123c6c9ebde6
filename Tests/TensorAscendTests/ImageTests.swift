import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    @Suite struct ImageTests {
        @Test(
            "convolutions agree with the CPU for kernels, strides, paddings, enlargements and epilogues", arguments: Variant.allCases,
            [DType.f32, .bf16])
        func convolution(variant: Variant, type: DType) throws {
            let cases: [(kernel: Int, stride: Int, padding: Padding, upsampling: Int)] = [
                (1, 1, Padding(0), 1), (3, 1, Padding(1), 1), (3, 1, Padding(1), 2), (3, 2, Padding(top: 0, left: 0, bottom: 1, right: 1), 1),
                (2, 2, Padding(0), 1), (3, 1, Padding(top: 2, left: 0, bottom: 0, right: 1), 2),
                (5, 1, Padding(top: 1, left: 2, bottom: 1, right: 2), 1),
            ]
            for (number, (kernel, stride, padding, upsampling)) in cases.enumerated() {
                let (rows, columns, inputs, outputs) = (6, 9, 5, 7)
                var noise = Noise(UInt64(number))
                let (x, bias, gate) = (noise(rows * columns * inputs), noise(outputs), noise(outputs))
                let weight = hostWeight(noise(outputs * inputs * kernel * kernel), Shape([outputs, inputs, kernel, kernel]), type)
                let height = (rows * upsampling + padding.top + padding.bottom - kernel) / stride + 1
                let width = (columns * upsampling + padding.left + padding.right - kernel) / stride + 1
                let start = noise(height * width * outputs)
                for choice in 0..<6 {
                    try expectAgreement(variant) { device in
                        let y = device.makeTensor(start, Shape(height, width, outputs))
                        let epilogue: Epilogue =
                            switch choice / 2 {
                            case 0: .store(.silu)
                            case 1: .add
                            default: .addGated(device.makeTensor(gate, Shape(outputs)))
                            }
                        let placed = device.placeConvolution(weight: weight, bias: choice % 2 == 0 ? nil : device.makeTensor(bias, Shape(outputs)))
                        device.convolution(
                            device.makeTensor(x, Shape(rows, columns, inputs)), placed, stride: stride, padding: padding, upsampling: upsampling,
                            epilogue, into: y)
                        return try device.floats(y)
                    }
                }
            }
        }

        @Test("GroupNorm agrees with the CPU, in place and apart", arguments: Variant.allCases, [Activation.silu, .identity, .gelu])
        func groupNorm(variant: Variant, activation: Activation) throws {
            for (height, width, channels, groups) in [(1, 1, 4, 2), (5, 3, 12, 3), (8, 8, 64, 32)] {
                var noise = Noise(14)
                let (x, weight, bias) = (noise(height * width * channels), noise(channels), noise(channels))
                for inPlace in [false, true] {
                    try expectAgreement(variant) { device in
                        let input = device.makeTensor(x, Shape(height, width, channels))
                        let y = inPlace ? input : device.makeTensor(input.shape, .f32)
                        device.groupNorm(
                            input, groups: groups, weight: device.makeTensor(weight, Shape(channels)), bias: device.makeTensor(bias, Shape(channels)),
                            epsilon: 1e-6, activation: activation, into: y)
                        return try device.floats(y)
                    }
                }
            }
        }
    }
}
