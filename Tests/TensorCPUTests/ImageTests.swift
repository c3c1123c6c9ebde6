import Domain
import Tensor
import TensorCPU
import Testing

struct ConvolutionCase: Sendable, CustomTestStringConvertible {
    var height, width, inputs, outputs, kernel: Int
    var stride = 1
    var padding = Padding(0)
    var upsampling = 1

    var testDescription: String {
        "\(height)×\(width)×\(inputs) to \(outputs), kernel \(kernel), stride \(stride), \(padding), enlarged \(upsampling)"
    }

    static let all: [ConvolutionCase] = [
        ConvolutionCase(height: 1, width: 1, inputs: 1, outputs: 1, kernel: 1),
        ConvolutionCase(height: 5, width: 7, inputs: 3, outputs: 64, kernel: 3, padding: Padding(1)),
        ConvolutionCase(height: 9, width: 4, inputs: 17, outputs: 33, kernel: 3, padding: Padding(1)),
        ConvolutionCase(height: 8, width: 8, inputs: 40, outputs: 31, kernel: 1),
        ConvolutionCase(height: 6, width: 5, inputs: 16, outputs: 20, kernel: 3, padding: Padding(1), upsampling: 2),
        ConvolutionCase(height: 12, width: 40, inputs: 130, outputs: 65, kernel: 3, padding: Padding(1), upsampling: 2),
        ConvolutionCase(height: 1, width: 1, inputs: 8, outputs: 5, kernel: 3, padding: Padding(1)),
        ConvolutionCase(height: 2, width: 1, inputs: 8, outputs: 16, kernel: 3, padding: Padding(1), upsampling: 2),
        ConvolutionCase(height: 21, width: 18, inputs: 65, outputs: 130, kernel: 3, padding: Padding(1)),
        ConvolutionCase(height: 6, width: 6, inputs: 7, outputs: 20, kernel: 3, padding: Padding(1)),
        ConvolutionCase(height: 7, width: 9, inputs: 20, outputs: 20, kernel: 3, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
        ConvolutionCase(height: 9, width: 11, inputs: 24, outputs: 24, kernel: 3, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
        ConvolutionCase(height: 14, width: 14, inputs: 3, outputs: 48, kernel: 7, stride: 7),
        ConvolutionCase(height: 33, width: 35, inputs: 64, outputs: 3, kernel: 3, padding: Padding(1)),
        ConvolutionCase(height: 4, width: 4, inputs: 8, outputs: 8, kernel: 5, padding: Padding(2)),
        ConvolutionCase(height: 3, width: 3, inputs: 4, outputs: 4, kernel: 3, padding: Padding(1), upsampling: 3),
    ]
}

@Suite struct ImageTests {
    @Test("a convolution agrees with double at every edge", arguments: availableKernels, ConvolutionCase.all)
    func convolution(kernels: KernelSet, shape: ConvolutionCase) throws {
        // Sums of up to 1170 f32 products: 3e-7. Winograd's transforms add and subtract larger values, whose rounding stays: 6e-6.
        #expect(error(of: shape, on: CPUDevice(threads: 3, kernels: kernels)) < 1e-5)
    }

    @Test("a convolution of bf16 operands agrees to their eight bits", arguments: ConvolutionCase.all)
    func bf16(shape: ConvolutionCase) throws {
        #expect(error(of: shape, on: CPUDevice(threads: 2, precision: .bf16)) < 8e-3)
    }

    @Test(
        "a convolution's bits do not depend on the number of threads, nor a pixel's on the image around those that it reads",
        arguments: availableKernels)
    func bits(kernels: KernelSet) throws {
        var random = Random(13)
        let (height, width, inputs, outputs) = (30, 41, 70, 40)
        let pixels = random.normals(height * width * inputs)
        let weight = Weight(random.normals(outputs * inputs * 9), Shape([outputs, inputs, 3, 3]), .bf16)
        func convolved(rows: Int, threads: Int, upsampling: Int) -> [Float] {
            let device = CPUDevice(threads: threads, kernels: kernels)
            let x = Matrix(device, rows * width, inputs, values: Array(pixels.prefix(rows * width * inputs)))
            let count = rows * width * upsampling * upsampling
            let y = Matrix(device, count, outputs, values: [Float](repeating: 0, count: count * outputs))
            device.convolution(
                x.tensor.reshaped([rows, width, inputs]), device.placeConvolution(weight: weight.tensor, bias: nil), stride: 1, padding: Padding(1),
                upsampling: upsampling, .store(.identity), into: y.tensor.reshaped([rows * upsampling, width * upsampling, outputs]))
            return y.values
        }
        for upsampling in [1, 2] {
            let one = convolved(rows: height, threads: 1, upsampling: upsampling)
            for threads in [2, 5] { #expect(convolved(rows: height, threads: threads, upsampling: upsampling) == one) }
            let above = convolved(rows: 9, threads: 2, upsampling: upsampling)
            let same = 8 * upsampling * width * upsampling * outputs
            #expect(above.prefix(same) == one.prefix(same))
        }
    }

    func error(of shape: ConvolutionCase, on device: CPUDevice) -> Double {
        var random = Random(11)
        var worst = 0.0
        let (kernel, up) = (shape.kernel, shape.upsampling)
        let height = (shape.height * up + shape.padding.top + shape.padding.bottom - kernel) / shape.stride + 1
        let width = (shape.width * up + shape.padding.left + shape.padding.right - kernel) / shape.stride + 1
        for dtype in [DType.f32, .bf16, .f16] {
            let image = Matrix(device, shape.height * shape.width, shape.inputs, &random)
            let weight = Weight(
                random.normals(shape.outputs * shape.inputs * kernel * kernel), Shape([shape.outputs, shape.inputs, kernel, kernel]), dtype,
                byteOffset: 1)
            let bias = Weight(random.normals(shape.outputs), Shape(shape.outputs), dtype, byteOffset: 1)
            let result = Matrix(device, height * width, shape.outputs, &random)
            let before = result.values
            let placed = device.placeConvolution(weight: weight.tensor, bias: bias.tensor)
            let x = image.tensor.reshaped([shape.height, shape.width, shape.inputs]), y = result.tensor.reshaped([height, width, shape.outputs])
            var truth = [Double](repeating: 0, count: height * width * shape.outputs)
            for row in 0..<height {
                for column in 0..<width {
                    for output in 0..<shape.outputs {
                        var sum = bias.values[output]
                        for tap in 0..<kernel * kernel {
                            let sourceRow = row * shape.stride + tap / kernel - shape.padding.top
                            let sourceColumn = column * shape.stride + tap % kernel - shape.padding.left
                            guard sourceRow >= 0, sourceRow < shape.height * up, sourceColumn >= 0, sourceColumn < shape.width * up else { continue }
                            let pixel = sourceRow / up * shape.width + sourceColumn / up
                            for input in 0..<shape.inputs {
                                sum += Double(image[pixel, input]) * weight.values[(output * shape.inputs + input) * kernel * kernel + tap]
                            }
                        }
                        truth[(row * width + column) * shape.outputs + output] = sum
                    }
                }
            }
            device.convolution(x, placed, stride: shape.stride, padding: shape.padding, upsampling: up, .add, into: y)
            worst = max(worst, relativeError(result.values, zip(before, truth).map { Double($0) + $1 }))
            device.convolution(x, placed, stride: shape.stride, padding: shape.padding, upsampling: up, .store(.silu), into: y)
            worst = max(worst, relativeError(result.values, truth.map { exact(.silu, $0) }))
        }
        return worst
    }

    @Test("group norm agrees with double, far from zero and in place", arguments: availableKernels)
    func groups(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 3, kernels: kernels)
        var random = Random(12)
        for (pixels, channels, groups) in [(1, 4, 2), (50, 32, 32), (300, 96, 32), (1000, 64, 4), (129, 30, 3)] {
            for activation in [Activation.identity, .silu, .gelu, .geluTanh] {
                let image = Matrix(device, pixels, channels, values: random.normals(pixels * channels).map { $0 * 3 + 20 })
                let weight = Weight(random.normals(channels), Shape(channels), .bf16, byteOffset: 1)
                let bias = Weight(random.normals(channels), Shape(channels), .f16, byteOffset: 1)
                let each = channels / groups
                var truth = [Double](repeating: 0, count: pixels * channels)
                for group in 0..<groups {
                    let members = (0..<pixels).flatMap { pixel in (0..<each).map { (pixel, group * each + $0) } }
                    let mean = members.reduce(0) { $0 + Double(image[$1.0, $1.1]) } / Double(members.count)
                    let variance =
                        members.reduce(0) { $0 + (Double(image[$1.0, $1.1]) - mean) * (Double(image[$1.0, $1.1]) - mean) } / Double(members.count)
                    for (pixel, channel) in members {
                        let normal = (Double(image[pixel, channel]) - mean) / (variance + 1e-3).squareRoot()
                        truth[pixel * channels + channel] = exact(activation, normal * weight.values[channel] + bias.values[channel])
                    }
                }
                let x = image.tensor.reshaped([1, pixels, channels])
                device.groupNorm(x, groups: groups, weight: weight.tensor, bias: bias.tensor, epsilon: 1e-3, activation: activation, into: x)
                // Differences from a mean of 20 against a deviation of 3 carry its rounding, tenfold where a lone pixel's variance is small.
                #expect(relativeError(image.values, truth) < 6e-5, "\(pixels)×\(channels) in \(groups), \(activation)")
            }
        }
    }
}
