import Domain
import Tensor
import TensorCPU
import Testing

@Suite struct LinearTests {
    /// Rows on both sides of the matrix-vector kernels, sizes around every tile edge.
    static let shapes: [(Int, Int, Int)] = [
        (1, 1, 1), (1, 31, 3), (1, 64, 40), (2, 33, 17), (3, 100, 65), (5, 257, 33), (8, 96, 130), (9, 40, 31), (12, 128, 32), (13, 129, 33),
        (25, 1, 70), (31, 300, 5), (64, 256, 64), (65, 8, 16), (66, 24, 32), (70, 136, 160), (72, 272, 31), (100, 515, 97), (131, 77, 260),
        (500, 40, 48),
    ]

    @Test("a product agrees with double for every shape, weight type and address", arguments: availableKernels)
    func product(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 3, kernels: kernels)
        var random = Random(1)
        for (rows, inputs, outputs) in LinearTests.shapes {
            for (index, dtype) in [DType.f32, .bf16, .f16].enumerated() {
                let x = Matrix(device, rows, inputs, padding: index * 3, &random)
                let weight = Weight(random.normals(outputs * inputs), Shape(outputs, inputs), dtype, byteOffset: index * 7)
                let bias = Weight(random.normals(outputs), Shape(outputs), dtype, byteOffset: index)
                let y = Matrix(device, rows, outputs, padding: 5, &random)
                device.linear(x.tensor, MatrixWeight(weight.tensor), bias: bias.tensor, .store(.identity), into: y.tensor)
                let truth = reference(x, weight, bias)
                // f32 sums of up to 515 products, in blocks: a few units of 6e-8 times √K.
                #expect(relativeError(y.values, truth) < 2e-6, "\(rows)×\(inputs)×\(outputs) \(dtype)")
                #expect(y.isIntact)
            }
        }
    }

    @Test("a product of bf16 operands agrees to their eight bits")
    func bf16() throws {
        let device = CPUDevice(threads: 2, precision: .bf16)
        var random = Random(2)
        for (rows, inputs, outputs) in LinearTests.shapes {
            for dtype in [DType.f32, .bf16, .f16] {
                let x = Matrix(device, rows, inputs, &random)
                let weight = Weight(random.normals(outputs * inputs), Shape(outputs, inputs), dtype, byteOffset: 2)
                let y = Matrix(device, rows, outputs, &random)
                device.linear(x.tensor, MatrixWeight(weight.tensor), bias: nil, .store(.identity), into: y.tensor)
                // Each operand is off by up to 2^-9, at random, against the largest of the sums.
                #expect(relativeError(y.values, reference(x, weight, nil)) < 8e-3, "\(rows)×\(inputs)×\(outputs) \(dtype)")
            }
        }
    }

    @Test("every epilogue is applied once", arguments: availableKernels)
    func epilogues(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        var random = Random(3)
        for (rows, inputs, outputs) in [(1, 40, 21), (7, 64, 33), (30, 300, 45)] {
            let x = Matrix(device, rows, inputs, &random)
            let weight = Weight(random.normals(outputs * inputs).map { $0 / 8 }, Shape(outputs, inputs), .bf16)
            let bias = Weight(random.normals(outputs), Shape(outputs), .f32)
            let gate = Matrix(device, 1, outputs, &random)
            let sums = reference(x, weight, bias)
            for activation in [Activation.identity, .gelu, .geluTanh, .silu] {
                let y = Matrix(device, rows, outputs, &random)
                device.linear(x.tensor, MatrixWeight(weight.tensor), bias: bias.tensor, .store(activation), into: y.tensor)
                #expect(relativeError(y.values, sums.map { exact(activation, $0) }) < 2e-6, "\(activation)")
            }
            let y = Matrix(device, rows, outputs, padding: 2, &random)
            let before = y.values.map(Double.init)
            device.linear(x.tensor, MatrixWeight(weight.tensor), bias: bias.tensor, .add, into: y.tensor)
            let added = zip(before, sums).map { $0 + $1 }
            #expect(relativeError(y.values, added) < 2e-6)
            device.linear(x.tensor, MatrixWeight(weight.tensor), bias: bias.tensor, .addGated(gate.tensor), into: y.tensor)
            let gated = added.indices.map { added[$0] + Double(gate[0, $0 % outputs]) * sums[$0] }
            #expect(relativeError(y.values, gated) < 2e-6)
            #expect(y.isIntact)
        }
    }

    @Test("a gated product agrees with double, joined or apart, of few rows and of many", arguments: availableKernels)
    func gated(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        var random = Random(5)
        for (rows, inputs, outputs) in [(1, 40, 21), (7, 64, 33), (65, 31, 3), (130, 300, 45), (200, 129, 130)] {
            for (index, activation) in [Activation.silu, .geluTanh, .gelu, .identity].enumerated() {
                let x = Matrix(device, rows, inputs, padding: index, &random)
                let both = Weight(random.normals(2 * outputs * inputs).map { $0 / 8 }, Shape(2 * outputs, inputs), .bf16)
                let sums = reference(x, both, nil)
                let truth = (0..<rows * outputs).map { place in
                    let at = place / outputs * 2 * outputs + place % outputs
                    return exact(activation, sums[at]) * sums[at + outputs]
                }
                let joined = GatedWeight.joined(MatrixWeight(both.tensor)), halves = joined.halves
                let wide = Matrix(device, rows, 2 * outputs, padding: 1, &random), y = Matrix(device, rows, outputs, padding: 2, &random)
                device.gatedLinear(x.tensor, joined, activation, room: GatedRoom(wide.tensor), into: y.tensor)
                #expect(relativeError(y.values, truth) < 4e-6, "\(rows)×\(inputs)×\(outputs) \(activation)")
                #expect(y.isIntact && wide.isIntact)
                // The result may take the gate's place.
                let gate = Matrix(device, rows, outputs, &random), up = Matrix(device, rows, outputs, &random)
                device.gatedLinear(
                    x.tensor, .apart(gate: halves.gate, up: halves.up), activation, room: GatedRoom(gate: gate.tensor, up: up.tensor),
                    into: gate.tensor)
                #expect(relativeError(gate.values, truth) < 4e-6, "\(rows)×\(inputs)×\(outputs) \(activation) in place")
            }
        }
    }

    @Test("half floats of every magnitude are widened exactly", arguments: availableKernels)
    func halves(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 1, kernels: kernels)
        let values: [Float] = [0, 1, -1, 65504, -65504, 6.1e-5, 5.96e-8, -5.96e-8, 3e-6, 1e-4, 0.333, 2048, -0.1, 1000.5, 7e-5, 12]
        let table = Weight(values, Shape(1, values.count), .f16, byteOffset: 1)
        let y = Matrix(device, 1, values.count, values: values)
        device.embed([0], table: table.tensor, into: y.tensor)
        #expect(y.values.map(Double.init) == table.values)
    }

    func reference(_ x: Matrix, _ weight: Weight, _ bias: Weight?) -> [Double] {
        let outputs = weight.tensor.rows
        let left = x.values.map(Double.init)
        return weight.values.withUnsafeBufferPointer { right in
            (0..<x.rows * outputs).map { index in
                let (row, column) = (index / outputs, index % outputs)
                var sum = bias?.values[column] ?? 0
                for k in 0..<x.columns { sum += left[row * x.columns + k] * right[column * x.columns + k] }
                return sum
            }
        }
    }
}
