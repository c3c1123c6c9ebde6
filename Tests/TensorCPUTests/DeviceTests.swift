import Domain
import Tensor
import TensorCPU
import Testing

@Suite struct DeviceTests {
    @Test("results do not depend on the number of threads", arguments: availableKernels)
    func threads(kernels: KernelSet) throws {
        var results: [[Float]] = []
        for threads in [1, 2, 5] {
            let device = CPUDevice(threads: threads, kernels: kernels)
            var random = Random(22)
            let x = Matrix(device, 90, 64, &random), y = Matrix(device, 90, 200, &random), out = Matrix(device, 90, 64, &random)
            let weight = Weight(random.normals(200 * 64), Shape(200, 64), .bf16), back = Weight(random.normals(200 * 64), Shape(64, 200), .f32)
            device.linear(x.tensor, MatrixWeight(weight.tensor), bias: nil, .store(.gelu), into: y.tensor)
            device.linear(y.tensor, MatrixWeight(back.tensor), bias: nil, .store(.identity), into: out.tensor)
            device.attention(
                Attention(heads: 2, keyValueHeads: 2, headSize: 32, scale: 0.2), query: out.tensor, key: x.tensor, value: x.tensor, into: out.tensor)
            device.attention(
                Attention(heads: 2, keyValueHeads: 1, headSize: 32, scale: 0.2, mask: .causal), query: out.tensor.rows(0..<2),
                key: x.tensor.columns(0..<32),
                value: x.tensor.columns(32..<64), into: out.tensor.rows(0..<2))
            results.append(out.values)
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test("thousands of small operations in a row all complete, with more threads than processors")
    func repetition() throws {
        let device = CPUDevice(threads: 9)
        var random = Random(23)
        let x = Matrix(device, 400, 70, &random), sum = Matrix(device, 400, 70, values: [Float](repeating: 0, count: 400 * 70))
        for _ in 0..<3000 { device.add(x.tensor, to: sum.tensor) }
        let expected = x.values.map { value in (0..<3000).reduce(Float(0)) { total, _ in total + value } }
        #expect(sum.values == expected)
    }

    @Test("devices come and go without leaving threads behind")
    func lifetimes() throws {
        for threads in 1...24 {
            let device = CPUDevice(threads: threads)
            #expect(device.threads == threads)
            let tensor = device.makeTensor([3, 5], .f32)
            device.write([Float](repeating: 2, count: 15), to: tensor)
            device.activate(.identity, tensor, into: tensor)
            #expect(try device.floats(tensor) == [Float](repeating: 2, count: 15))
        }
    }

    @Test("empty operations do nothing")
    func empty() throws {
        let device = CPUDevice(threads: 2)
        var random = Random(24)
        let weight = Weight(random.normals(12), [3, 4], .f32)
        let x = device.makeTensor([0, 4], .f32), y = device.makeTensor([0, 3], .f32)
        device.linear(x, MatrixWeight(weight.tensor), bias: nil, .store(.identity), into: y)
        device.rmsNorm(x, weight: weight.tensor.rows(0..<1), epsilon: 1e-5, into: x)
        device.embed([], table: weight.tensor, into: x)
        device.attention(
            Attention(heads: 2, keyValueHeads: 1, headSize: 2, scale: 1), query: x, key: device.makeTensor([0, 2], .f32),
            value: device.makeTensor([0, 2], .f32), into: x)
    }

    private static let multiplyBF16 = KernelSet.avx512bf16.isAvailable || KernelSet.neonbf16.isAvailable

    @Test("bf16 products run only where the processor has them")
    func precision() throws {
        #expect(CPUDevice(threads: 1, precision: .bf16, kernels: .generic).precision == .f32)
        #expect(CPUDevice(threads: 1, precision: .bf16).precision == (Self.multiplyBF16 ? .bf16 : .f32))
        for kernels in availableKernels { #expect(CPUDevice(threads: 1, precision: .bf16, kernels: kernels).precision == kernels.nativePrecision) }
        #expect(KernelSet.avx512bf16.nativePrecision == .bf16 && KernelSet.avx2.nativePrecision == .f32)
        let features = CPUDevice(threads: 1).features.prefix { $0 != "+" }
        #expect(features == KernelSet.best.rawValue)
        // OpenBLAS has kernels of its own for each processor, and their sums differ.
        let generic = CPUDevice(threads: 1, kernels: .generic).features
        #expect(!generic.contains("+") || generic.contains(/\+openblas-[a-z0-9_]+$/))
    }

    @Test(
        "in bf16 only bf16 weights are multiplied in bf16: with others, and by Winograd's method (AMX has none), values are f32's to the bit")
    func exactWeights() throws {
        let exact = CPUDevice(threads: 2), fast = CPUDevice(threads: 2, precision: .bf16)
        guard fast.precision == .bf16 else { return }
        for dtype in [DType.f32, .f16, .bf16] {
            var random = Random(25)
            let x = Matrix(exact, 100, 70, &random)
            let weight = Weight(random.normals(40 * 70), Shape(40, 70), dtype, byteOffset: 1)
            let kernel = Weight(random.normals(20 * 70 * 9), Shape([20, 70, 3, 3]), dtype, byteOffset: 1)
            let results = [exact, fast].map { device in
                let y = Matrix(device, 100, 40, values: [Float](repeating: 0, count: 4000))
                device.linear(x.tensor, MatrixWeight(weight.tensor), bias: nil, .store(.identity), into: y.tensor)
                let images = [1, 2].map { stride in
                    let side = 10 / stride
                    let image = Matrix(device, side * side, 20, values: [Float](repeating: 0, count: side * side * 20))
                    device.convolution(
                        x.tensor.reshaped([10, 10, 70]), device.placeConvolution(weight: kernel.tensor, bias: nil), stride: stride,
                        padding: Padding(1), upsampling: 1, .store(.identity), into: image.tensor.reshaped([side, side, 20]))
                    return image.values
                }
                return (y.values, images[0], images[1])
            }
            #expect((results[0].0 == results[1].0) == (dtype != .bf16), "linear, \(dtype)")
            #expect((results[0].1 == results[1].1) == (dtype != .bf16 || !KernelSet.amx.isAvailable), "Winograd's convolution, \(dtype)")
            #expect((results[0].2 == results[1].2) == (dtype != .bf16), "direct convolution, \(dtype)")
        }
    }

    @Test("the machine's limits can be measured")
    func floor() throws {
        let floor = MachineFloor.measure(threads: 1, byteCount: 64 << 20)
        #expect(floor.threads == 1 && floor.productRate > 0.1 && floor.readRate > 0.1)
        #expect((floor.bf16ProductRate != nil) == Self.multiplyBF16)
    }
}
