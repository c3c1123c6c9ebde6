import Domain
import Tensor
import TensorCPU
import Testing

/// Products with weights of int8 and a scale for each output.
@Suite struct Int8Tests {
    /// Outputs and inputs on both sides of every tile, line and block; rows on both sides of what a batch may have.
    static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (1, 1, 1), (1, 31, 3), (1, 64, 40), (2, 33, 17), (3, 100, 65), (5, 257, 33), (7, 96, 130), (13, 129, 33), (64, 256, 64), (65, 1, 70),
        (66, 300, 5), (100, 515, 97), (131, 77, 260), (300, 40, 48), (70, 1100, 19),
    ]

    @Test("a product that widens int8 weights agrees with double to f32's accuracy", arguments: availableKernels)
    func product(kernels: KernelSet) {
        let device = CPUDevice(threads: 3, kernels: kernels)
        guard !device.multipliesInt8 else { return }
        var random = Random(31)
        for (index, shape) in Int8Tests.shapes.enumerated() {
            let case_ = Case(device, shape.rows, shape.inputs, shape.outputs, byteOffset: index % 5, &random)
            // As for other weights: sums of up to 1100 products, in blocks.
            #expect(relativeError(case_.product(device, 0..<shape.rows), case_.truth) < 2e-6, "\(shape)")
        }
    }

    @Test("bf16 products widen int8 weights exactly")
    func bf16() {
        let device = CPUDevice(threads: 2, precision: .bf16)
        var random = Random(32)
        for shape in Int8Tests.shapes {
            let case_ = Case(device, shape.rows, shape.inputs, shape.outputs, &random)
            // Activations are off by up to 2^-9, or by half a 127th of the largest.
            #expect(relativeError(case_.product(device, 0..<shape.rows), case_.truth) < 1e-2, "\(shape)")
        }
    }

    @Test("a row's product has the same bits alone and among up to 64", arguments: Arithmetic.all)
    func batch(arithmetic: Arithmetic) {
        let device = arithmetic.device
        var random = Random(33)
        for (inputs, outputs) in [(1, 1), (31, 3), (33, 17), (64, 40), (100, 65), (257, 16), (1024, 50), (4100, 21)] {
            let case_ = Case(device, 64, inputs, outputs, byteOffset: 3, &random)
            let alone = (0..<64).map { case_.product(device, $0..<$0 + 1) }
            for count in BatchTests.counts {
                let first = (64 - count) / 2
                #expect(case_.product(device, first..<first + count) == Array(alone[first..<first + count].joined()), "\(count)×\(inputs)×\(outputs)")
            }
        }
    }

    @Test("with activations in int8 a product is the exact sum of what both were rounded to, whatever the kernels, threads and rows")
    func rounded() {
        var random = Random(34)
        let devices = availableKernels.flatMap { kernels in [1, 3].map { CPUDevice(threads: $0, kernels: kernels) } }
        for device in devices { device.useInt8() }
        for (inputs, outputs) in [(1, 1), (5, 33), (63, 16), (65, 17), (512, 40), (517, 33), (1300, 20)] {
            let case_ = Case(devices[0], 150, inputs, outputs, byteOffset: 1, &random)
            let expected = case_.rounded()
            for device in devices {
                #expect(device.multipliesInt8)
                for rows in [0..<150, 0..<65, 31..<131, 7..<8, 12..<15, 60..<100] {
                    // The sums are exact; what follows is rounded three times.
                    let wanted = Array(expected[rows.lowerBound * outputs..<rows.upperBound * outputs])
                    #expect(relativeError(case_.product(device, rows), wanted) < 3e-7, "\(rows)×\(inputs)×\(outputs) \(device.kernels)")
                }
                #expect(case_.product(device, 0..<150) == case_.product(devices[0], 0..<150), "\(inputs)×\(outputs) \(device.kernels)")
                let all = case_.product(device, 0..<150)
                for rows in [40..<110, 40..<104, 3..<4, 147..<150] {
                    #expect(case_.product(device, rows)[...] == all[(rows.lowerBound * outputs)..<(rows.upperBound * outputs)], "\(rows)")
                }
            }
            // Rounding to 1/127 of a row's largest: an error of at most half of that, at random, in each of the products.
            #expect(relativeError(case_.product(devices[0], 0..<150), case_.truth) < 1e-2, "\(inputs)×\(outputs)")
        }
    }

    @Test("with activations in int8, rows of zeros give zeros, and a row that is no number spoils itself alone", arguments: availableKernels)
    func unusualRows(kernels: KernelSet) {
        let device = CPUDevice(threads: 2, kernels: kernels)
        device.useInt8()
        var random = Random(35)
        var values = random.normals(70 * 40)
        for k in 0..<40 { (values[k], values[40 + k]) = (0, 1e-38) }
        (values[80], values[120], values[160 + 39]) = (.nan, .infinity, -.infinity)
        let case_ = Case(device, 70, 40, 9, values: values, bias: [Float](repeating: 0, count: 9), &random)
        let y = case_.product(device, 0..<70)
        #expect(y[0..<18].allSatisfy { $0 == 0 })
        #expect(y[18..<45].allSatisfy { !$0.isFinite })
        #expect(relativeError(Array(y[45...]), Array(case_.truth[45...])) < 1e-2)
    }

    @Test("every epilogue comes behind the scale, once", arguments: availableKernels)
    func epilogues(kernels: KernelSet) {
        let device = CPUDevice(threads: 2, kernels: kernels)
        let rounding = CPUDevice(threads: 2, kernels: kernels)
        rounding.useInt8()
        var random = Random(36)
        for (device, rows) in [(device, 3), (rounding, 3), (rounding, 70)] {
            let case_ = Case(device, rows, 100, 21, &random)
            let truth = device.multipliesInt8 ? case_.rounded() : case_.truth
            let gate = Matrix(device, 1, 21, &random)
            let y = Matrix(device, rows, 21, padding: 2, &random)
            let before = y.values
            device.linear(case_.x.tensor, case_.weight, bias: case_.bias.tensor, .addGated(gate.tensor), into: y.tensor)
            let added = before.indices.map { Double(before[$0]) + Double(gate[0, $0 % 21]) * truth[$0] }
            #expect(relativeError(y.values, added) < 2e-6)
            device.linear(case_.x.tensor, case_.weight, bias: case_.bias.tensor, .store(.silu), into: y.tensor)
            #expect(relativeError(y.values, truth.map { exact(.silu, $0) }) < 2e-6)
            #expect(y.isIntact)
        }
    }

    @Test("int8 weights without scales are refused, and so are scales of other weights")
    func refused() {
        let device = CPUDevice(threads: 1)
        let scales = device.makeTensor([4], .f32)
        #expect(device.multiplies(MatrixWeight(device.makeTensor([4, 8], .i8), scales: scales).form))
        #expect(!device.multiplies(MatrixWeight(device.makeTensor([4, 8], .i8)).form))
        #expect(!device.multiplies(MatrixWeight(device.makeTensor([4, 8], .bf16), scales: scales).form))
    }
}

/// Activations, an int8 weight at any address, and the product in double.
private struct Case {
    let x: Matrix
    let weight: MatrixWeight
    let bias: Weight
    let truth: [Double]
    private let elements: [Int8]
    private let scales: [Float]

    init(
        _ device: CPUDevice, _ rows: Int, _ inputs: Int, _ outputs: Int, byteOffset: Int = 0, values: [Float]? = nil, bias: [Float]? = nil,
        _ random: inout Random
    ) {
        x = Matrix(device, rows, inputs, padding: 3, values: values ?? random.normals(rows * inputs))
        let elements = (0..<outputs * inputs).map { _ in Int8.random(in: -127...127, using: &random) }
        let scales = (0..<outputs).map { _ in Float.random(in: 0.001...0.02, using: &random) }
        let memory = device.makeTensor(Shape(byteOffset + elements.count), .i8)
        let placed = Tensor(storage: memory.storage, byteOffset: byteOffset, dtype: .i8, shape: Shape(outputs, inputs))
        elements.withUnsafeBytes { device.write($0, to: placed) }
        weight = MatrixWeight(placed, scales: device.makeTensor(scales, Shape(outputs)))
        let bias = Weight(bias ?? random.normals(outputs), Shape(outputs), .f32)
        self.bias = bias
        (self.elements, self.scales) = (elements, scales)
        let left = x.values.map(Double.init)
        truth = (0..<rows * outputs).map { index in
            let (row, column) = (index / outputs, index % outputs)
            let sum = (0..<inputs).reduce(0.0) { $0 + left[row * inputs + $1] * Double(elements[column * inputs + $1]) }
            return sum * Double(scales[column]) + bias.values[column]
        }
    }

    /// Rows of the product by the device.
    func product(_ device: CPUDevice, _ rows: Range<Int>) -> [Float] {
        let y = Matrix(device, rows.count, weight.outputs, padding: 2, values: [Float](repeating: 0, count: rows.count * weight.outputs))
        device.linear(x.tensor.rows(rows), weight, bias: bias.tensor, .store(.identity), into: y.tensor)
        #expect(y.isIntact)
        return y.values
    }

    /// The product of activations that are rounded to int8, row by row.
    func rounded() -> [Double] {
        let (inputs, outputs) = (weight.inputs, weight.outputs)
        return (0..<x.rows).flatMap { row in
            let largest = (0..<inputs).map { abs(x[row, $0]) }.max() ?? 0
            let steps = (0..<inputs).map { Int((x[row, $0] * (127 / largest)).rounded(.toNearestOrEven)) }
            return (0..<outputs).map { column in
                let sum = (0..<inputs).reduce(0) { $0 + steps[$1] * Int(elements[column * inputs + $1]) }
                return Double(sum) * Double(largest / 127) * Double(scales[column]) + bias.values[column]
            }
        }
    }
}
