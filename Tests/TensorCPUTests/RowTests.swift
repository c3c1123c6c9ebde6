import Tensor
import TensorCPU
import Testing

@Suite struct RowTests {
    static let sizes = [(1, 1), (3, 15), (2, 16), (5, 33), (7, 100), (70, 257), (300, 64)]

    @Test("norms agree with double, in place too, and leave the space between rows", arguments: availableKernels)
    func norms(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 3, kernels: kernels)
        var random = Random(4)
        for (rows, columns) in RowTests.sizes {
            for (index, dtype) in [DType.f32, .bf16, .f16].enumerated() {
                // A mean far from zero, where a one-pass variance would lose its digits.
                let x = Matrix(device, rows, columns, padding: index, values: random.normals(rows * columns).map { $0 + 30 })
                let weight = Weight(random.normals(columns), Shape(columns), dtype, byteOffset: index)
                let bias = Weight(random.normals(columns), Shape(columns), dtype, byteOffset: index)
                let y = Matrix(device, rows, columns, padding: 3, &random)
                let before = y.values.map(Double.init)
                let rms = reference(x) { row, _, squares in row.enumerated().map { $1 / (squares + 1e-5).squareRoot() * weight.values[$0] } }
                device.addRMSNorm(x.tensor, weight: weight.tensor, epsilon: 1e-5, to: y.tensor)
                #expect(relativeError(y.values, zip(before, rms).map { $0 + $1 }) < 2e-6)
                device.rmsNorm(x.tensor, weight: weight.tensor, epsilon: 1e-5, into: y.tensor)
                #expect(relativeError(y.values, rms) < 2e-6)
                // Differences from a mean of 30 carry its rounding: 30 · 6e-8 against values of order 1.
                device.layerNorm(x.tensor, weight: nil, bias: nil, epsilon: 1e-3, into: y.tensor)
                #expect(relativeError(y.values, layer(x) { value, _ in value }) < 2e-5, "\(rows)×\(columns)")
                device.layerNorm(x.tensor, weight: weight.tensor, bias: bias.tensor, epsilon: 1e-3, into: y.tensor)
                #expect(relativeError(y.values, layer(x) { $0 * weight.values[$1] + bias.values[$1] }) < 2e-5)
                #expect(y.isIntact)
                let truth = layer(x) { $0 * (1 + weight.values[$1]) + bias.values[$1] }
                let scale = Matrix(device, 1, columns, values: weight.values.map { Float($0) })
                let shift = Matrix(device, 1, columns, values: bias.values.map { Float($0) })
                device.modulatedLayerNorm(x.tensor, scale: scale.tensor, shift: shift.tensor, epsilon: 1e-3, into: x.tensor)
                #expect(relativeError(x.values, truth) < 2e-5)
                #expect(x.isIntact)
            }
        }
    }

    @Test("a sum and its norm in one have the bits of both operations, and so have parts of a product with gates of their own")
    func joined() throws {
        let device = CPUDevice(threads: 2)
        var random = Random(14)
        let x = Matrix(device, 9, 24, &random), y = Matrix(device, 9, 24, &random), apart = Matrix(device, 9, 24, values: y.values)
        let weight = Weight(random.normals(24), Shape(24), .f32).tensor, normed = device.makeTensor([9, 24], .f32)
        let sum = device.addRMSNorm(
            x.tensor, weight: weight, epsilon: 1e-5, to: y.tensor, room: nil, nextWeight: weight, nextEpsilon: 1e-6, into: normed)
        device.addRMSNorm(x.tensor, weight: weight, epsilon: 1e-5, to: apart.tensor)
        #expect(sum.address == y.tensor.address && y.values == apart.values)
        let norms = try device.floats(normed)
        device.rmsNorm(apart.tensor, weight: weight, epsilon: 1e-6, into: normed)
        #expect(try device.floats(normed) == norms)

        let matrix = MatrixWeight(Weight(random.normals(24 * 24), Shape(24, 24), .bf16).tensor)
        device.linear(x.tensor, matrix, bias: nil, adding: [GatedRows(0..<2, gate: weight), GatedRows(2..<8, gate: weight)], to: y.tensor)
        for rows in [0..<2, 2..<8] { device.linear(x.tensor.rows(rows), matrix, bias: nil, .addGated(weight), into: apart.tensor.rows(rows)) }
        #expect(y.values == apart.values)
    }

    @Test("each head is normalised by itself", arguments: availableKernels)
    func heads(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        var random = Random(5)
        for (rows, heads, size) in [(1, 1, 8), (5, 3, 40), (40, 2, 128), (9, 4, 17)] {
            let x = Matrix(device, rows, heads * size, padding: 4, &random)
            let each = Matrix(device, rows * heads, size, values: x.values)
            device.headLayerNorm(x.tensor, headSize: size, epsilon: 1e-5, rotatingEnd: nil)
            #expect(relativeError(x.values, layer(each, epsilon: 1e-5) { value, _ in value }) < 2e-6)
            #expect(x.isIntact)
        }
    }

    @Test("rotation turns the pairs of its style and leaves the rest", arguments: availableKernels, RotaryStyle.allCases)
    func rotation(kernels: KernelSet, style: RotaryStyle) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        var random = Random(6)
        for (rows, heads, size, angles) in [(1, 1, 2, 1), (6, 3, 40, 20), (50, 2, 64, 16), (33, 4, 80, 33), (3, 2, 72, 35)] {
            let x = Matrix(device, rows, heads * size, padding: 1, &random)
            let cosine = Matrix(device, rows, angles, padding: 2, &random), sine = Matrix(device, rows, angles, &random)
            var truth = x.values.map(Double.init)
            for row in 0..<rows {
                for head in 0..<heads {
                    for angle in 0..<angles {
                        let start = row * heads * size + head * size
                        let (a, b) = style == .halves ? (start + angle, start + angle + angles) : (start + 2 * angle, start + 2 * angle + 1)
                        let (p, q, c, s) = (truth[a], truth[b], Double(cosine[row, angle]), Double(sine[row, angle]))
                        (truth[a], truth[b]) = (p * c - q * s, q * c + p * s)
                    }
                }
            }
            let turned = device.rotated(x.tensor, headSize: size, by: Rotation(style, cosine: cosine.tensor, sine: sine.tensor))
            #expect(turned.address == x.tensor.address)
            #expect(relativeError(x.values, truth) < 1e-6)
            #expect(x.isIntact)
        }
    }

    @Test("activations keep their relative accuracy from the smallest values to the largest", arguments: availableKernels)
    func activations(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        let values = stride(from: Float(-12), through: 12, by: 0.0173).map { $0 } + [0, -0.0, 1e-20, -1e-20, 90, -90, 1000, -1000, 3e38, -3e38]
        for activation in [Activation.identity, .gelu, .geluTanh, .silu] {
            let x = Matrix(device, 1, values.count, values: values), y = Matrix(device, 1, values.count, values: values)
            device.activate(activation, x.tensor, into: y.tensor)
            for (value, result) in zip(values, y.values) {
                let truth = exact(activation, Double(value))
                // In the far tail the exponent's own rounding shows: x² · 6e-8 for the error function, more for the tanh form,
                // whose argument grows with x³. Below 1e-30 a result is as good as zero.
                let square = Double(value) * Double(value)
                let tolerance = 1e-6 * max(1, activation == .geluTanh ? square / 2 : square / 10)
                #expect(abs(Double(result) - truth) <= max(tolerance * abs(truth), 1e-30), "\(activation)(\(value)) = \(result), not \(truth)")
            }
        }
    }

    @Test("gating, sums and copies work on views of wider matrices and in place", arguments: availableKernels)
    func views(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 3, kernels: kernels)
        var random = Random(7)
        for (rows, columns) in RowTests.sizes {
            let both = Matrix(device, rows, 2 * columns, padding: 1, &random)
            let gate = both.tensor.columns(0..<columns), up = both.tensor.columns(columns..<2 * columns)
            var values = both.values
            for activation in [Activation.identity, .gelu, .geluTanh, .silu] {
                let y = Matrix(device, rows, columns, padding: 2, &random)
                device.gated(activation, gate: gate, up: up, into: y.tensor)
                let truth = (0..<rows * columns).map { index in
                    let at = index / columns * 2 * columns + index % columns
                    return exact(activation, Double(values[at])) * Double(values[at + columns])
                }
                #expect(relativeError(y.values, truth) < 2e-6)
                #expect(y.isIntact)
                if activation == .silu {
                    device.gated(activation, gate: gate, up: up, into: gate)
                    for row in 0..<rows {
                        for column in 0..<columns { values[row * 2 * columns + column] = y[row, column] }
                    }
                    #expect(both.values == values)
                }
            }
            device.add(up, to: gate)
            device.copy(gate, to: up)
            for row in 0..<rows {
                for column in 0..<columns {
                    let sum = values[row * 2 * columns + column] + values[row * 2 * columns + columns + column]
                    #expect(both[row, column] == sum && both[row, columns + column] == sum)
                }
            }
            #expect(both.isIntact)
        }
    }

    @Test("scaled sums and the mean size agree with double, and have the same bits on any number of threads", arguments: availableKernels)
    func residuals(kernels: KernelSet) throws {
        for (rows, columns) in RowTests.sizes {
            var results: [[Float]] = []
            for threads in [1, 3] {
                let device = CPUDevice(threads: threads, kernels: kernels)
                var random = Random(10)
                let x = Matrix(device, rows, columns, padding: 1, &random), y = Matrix(device, rows, columns, padding: 2, &random)
                let truth = zip(x.values, y.values).map { 0.3 * Double($0) - 1.7 * Double($1) }
                // The terms may cancel: the sum's error is a share of their sizes, not of its own.
                let size = zip(x.values, y.values).map { 0.3 * abs(Double($0)) + 1.7 * abs(Double($1)) }.max() ?? 0
                func holds(_ values: [Float], _ truth: [Double]) -> Bool {
                    zip(values, truth).allSatisfy { abs(Double($0) - $1) < 4e-7 * size }
                }
                let mean = device.makeTensor([1], .f32)
                device.add(x.tensor, times: 0.3, to: y.tensor, times: -1.7)
                device.meanAbsolute(y.tensor, into: mean)
                #expect(holds(y.values, truth) && y.isIntact && x.isIntact)
                #expect(holds(try device.floats(mean), [truth.reduce(0) { $0 + abs($1) } / Double(truth.count)]))
                results.append(y.values + (try device.floats(mean)))
            }
            #expect(results[0] == results[1])
        }
    }

    @Test("rows of a table are gathered in every type", arguments: availableKernels)
    func gather(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        var random = Random(8)
        for dtype in [DType.f32, .bf16, .f16] {
            let table = Weight(random.normals(11 * 37), Shape(11, 37), dtype, byteOffset: 3)
            let ids = (0..<900).map { _ in Int32.random(in: 0..<11, using: &random) }
            let y = Matrix(device, ids.count, 37, padding: 1, &random)
            device.embed(ids, table: table.tensor, into: y.tensor)
            #expect(y.values.map(Double.init) == ids.flatMap { id in table.values[Int(id) * 37..<Int(id) * 37 + 37] })
        }
    }

    @Test("the first of the largest is found in any column", arguments: availableKernels)
    func largest(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 3, kernels: kernels)
        var random = Random(9)
        for columns in [1, 5, 16, 4096, 4097, 50_001] {
            let x = Matrix(device, 4, columns, padding: 3, &random)
            let expected = [0, columns - 1, columns / 2, columns / 3]
            for (row, column) in expected.enumerated() {
                x[row, column] = 9
                x[row, columns - 1] = 9  // an equal behind it must not win
            }
            let indices = device.makeTensor([4], .i32)
            device.argmax(x.tensor, into: indices)
            #expect(try device.integers(indices) == expected.map { Int32($0) })
        }
    }

    /// `body` gets a row, its mean and the mean of its squares.
    func reference(_ x: Matrix, _ body: ([Double], Double, Double) -> [Double]) -> [Double] {
        (0..<x.rows).flatMap { index in
            let row = (0..<x.columns).map { Double(x[index, $0]) }
            return body(row, row.reduce(0, +) / Double(row.count), row.reduce(0) { $0 + $1 * $1 } / Double(row.count))
        }
    }

    func layer(_ x: Matrix, epsilon: Double = 1e-3, _ body: (Double, Int) -> Double) -> [Double] {
        reference(x) { row, mean, _ in
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            return row.enumerated().map { body(($1 - mean) / (variance + epsilon).squareRoot(), $0) }
        }
    }
}
