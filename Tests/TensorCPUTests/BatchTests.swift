import Domain
import Foundation
import Tensor
import TensorCPU
import Testing

/// Kernels and precision under test.
struct Arithmetic: Sendable, CustomTestStringConvertible {
    var kernels: KernelSet
    var precision: Precision

    var testDescription: String { "\(kernels) \(precision)" }
    var device: CPUDevice { CPUDevice(threads: 3, precision: precision, kernels: kernels) }

    static let all =
        availableKernels.map { Arithmetic(kernels: $0, precision: .f32) }
        + availableKernels.filter { CPUDevice(threads: 1, precision: .bf16, kernels: $0).precision == .bf16 }.map {
            Arithmetic(kernels: $0, precision: .bf16)
        }
}

/// A request must get the same bits alone and in a batch: every operation on rows, row by row.
@Suite struct BatchTests {
    static let counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 23, 31, 32, 63, 64]

    @Test("a product's row has the same bits alone and among up to 64", arguments: Arithmetic.all)
    func product(arithmetic: Arithmetic) {
        let device = arithmetic.device
        #expect(device.batchRows == 64)
        var random = Random(11)
        // Both sides of every tile, of the longest row that is cached, and of a whole vector.
        let shapes = [(1, 1), (31, 3), (33, 17), (64, 40), (100, 65), (257, 16), (1024, 50), (4100, 21), (96, 130)]
        for (inputs, outputs) in shapes {
            for dtype in [DType.f32, .bf16, .f16] {
                let x = Matrix(device, 64, inputs, padding: 3, &random)
                let weight = Weight(random.normals(outputs * inputs), Shape(outputs, inputs), dtype, byteOffset: 2)
                let bias = Weight(random.normals(outputs), Shape(outputs), .f32)
                func product(_ rows: Range<Int>) -> [UInt32] {
                    let y = Matrix(device, rows.count, outputs, padding: 1, &random)
                    device.linear(x.tensor.rows(rows), MatrixWeight(weight.tensor), bias: bias.tensor, .store(.silu), into: y.tensor)
                    return y.values.map(\.bitPattern)
                }
                let alone = (0..<64).map { product($0..<$0 + 1) }
                for count in BatchTests.counts {
                    let first = (64 - count) / 2
                    #expect(product(first..<first + count) == alone[first..<first + count].flatMap { $0 }, "\(count)×\(inputs)×\(outputs) \(dtype)")
                }
            }
        }
    }

    @Test("norms, rotation, gating and rows of a table have the same bits alone and among others", arguments: Arithmetic.all)
    func rows(arithmetic: Arithmetic) {
        let device = arithmetic.device
        var random = Random(12)
        for columns in [8, 40, 72, 1000] {
            let x = Matrix(device, 64, columns, padding: 1, &random), up = Matrix(device, 64, columns, &random)
            let weight = Weight(random.normals(columns), Shape(columns), .f32).tensor
            let table = Weight(random.normals(100 * columns), Shape(100, columns), .bf16).tensor
            let angles = columns / 4
            let cosine = Matrix(device, 64, angles, &random), sine = Matrix(device, 64, angles, &random)
            let operations: [(String, (Range<Int>, Matrix) -> Void)] = [
                ("rmsNorm", { device.rmsNorm(x.tensor.rows($0), weight: weight, epsilon: 1e-5, into: $1.tensor) }),
                ("addRMSNorm", { device.addRMSNorm(x.tensor.rows($0), weight: weight, epsilon: 1e-5, to: $1.tensor) }),
                ("gated", { device.gated(.silu, gate: x.tensor.rows($0), up: up.tensor.rows($0), into: $1.tensor) }),
                ("embed", { device.embed($0.map { Int32($0) }, table: table, into: $1.tensor) }),
                (
                    "rotate",
                    { rows, y in
                        device.copy(x.tensor.rows(rows), to: y.tensor)
                        for style in RotaryStyle.allCases {
                            _ = device.rotated(
                                y.tensor, headSize: columns / 2,
                                by: Rotation(style, cosine: cosine.tensor.rows(rows), sine: sine.tensor.rows(rows)))
                        }
                    }
                ),
            ]
            for (name, operation) in operations {
                func result(_ rows: Range<Int>) -> [UInt32] {
                    let y = Matrix(device, rows.count, columns, values: [Float](repeating: 0.5, count: rows.count * columns))
                    operation(rows, y)
                    return y.values.map(\.bitPattern)
                }
                let alone = (0..<64).flatMap { result($0..<$0 + 1) }
                #expect(result(0..<64) == alone, "\(name) of \(columns)")
                #expect(Array(alone[(3 * columns)..<(8 * columns)]) == result(3..<8), "\(name) of \(columns)")
            }
        }
    }

    @Test("attention over pages agrees with attention over rows, and has the same bits alone and among others", arguments: Arithmetic.all)
    func paged(arithmetic: Arithmetic) {
        let device = arithmetic.device
        var random = Random(13)
        for (heads, keyHeads, size, pageRows) in [
            (1, 1, 1, 1), (4, 2, 8, 3), (6, 2, 40, 16), (8, 2, 128, 64), (5, 1, 33, 7), (16, 1, 80, 64), (3, 3, 100, 5),
        ] {
            let lengths = [1, 3, 255, 256, 257, 700, 64]
            let columns = keyHeads * size
            let pageCount = lengths.reduce(2) { $0 + ($1 + pageRows - 1) / pageRows }
            // Pages in no order; those of nobody hold what would spoil every sum.
            var free = Array(0..<Int32(pageCount)).shuffled(using: &random)
            let tables = lengths.map { length in (0..<(length + pageRows - 1) / pageRows).map { _ in free.removeLast() } }
            let pools = (0..<2).map { _ in device.makeTensor(Shape(pageCount * pageRows, columns), device.cacheType) }
            for pool in pools {
                let spoilt = Matrix(device, pool.rows, columns, values: [Float](repeating: .nan, count: pool.shape.count))
                device.scatter(spoilt.tensor, rows: (0..<Int32(pool.rows)).map { $0 }, into: pool)
            }
            let query = Matrix(device, lengths.count, heads * size, padding: 2, &random)
            let parameters = Attention(heads: heads, keyValueHeads: keyHeads, headSize: size, scale: 1 / Float(size).squareRoot())
            var expected: [Double] = []
            for (sequence, length) in lengths.enumerated() {
                let rows = (0..<length).map { tables[sequence][$0 / pageRows] * Int32(pageRows) + Int32($0 % pageRows) }
                let past = pools.map { pool in
                    device.scatter(Matrix(device, length, columns, &random).tensor, rows: rows, into: pool)
                    let past = Matrix(device, length, columns, &random)
                    device.embed(rows, table: pool, into: past.tensor)
                    return past
                }
                expected += attention(parameters, query, sequence, past[0], past[1])
            }
            func paged(_ sequences: [Int], threads: CPUDevice) -> [[Float]] {
                let gathered = Matrix(
                    device, sequences.count, heads * size, values: sequences.flatMap { row in (0..<heads * size).map { query[row, $0] } })
                let output = Matrix(device, sequences.count, heads * size, padding: 3, &random)
                threads.pagedAttention(
                    parameters, query: gathered.tensor, keys: pools[0], values: pools[1],
                    pages: PageTable(pageRows: pageRows, sequences: sequences.map { (tables[$0], lengths[$0]) }), into: output.tensor)
                #expect(output.isIntact)
                return sequences.indices.map { row in (0..<heads * size).map { output[row, $0] } }
            }
            let together = paged(Array(lengths.indices), threads: device)
            #expect(relativeError(together.flatMap { $0 }, expected) < 3e-6, "\(heads)/\(keyHeads) heads of \(size)")
            let single = CPUDevice(threads: 1, precision: arithmetic.precision, kernels: arithmetic.kernels)
            for sequence in lengths.indices { #expect(paged([sequence], threads: single) == [together[sequence]], "\(lengths[sequence]) keys") }
            #expect(paged([5, 0, 3], threads: device) == [together[5], together[0], together[3]])
        }
    }

    @Test("rows come back from a table as they went, rounded to nearest even in bf16", arguments: Arithmetic.all)
    func scatter(arithmetic: Arithmetic) {
        let device = arithmetic.device
        var random = Random(14)
        for columns in [1, 16, 37] {
            let x = Matrix(device, 5, columns, padding: 2, &random)
            for dtype in [DType.f32, .bf16] {
                let table = device.makeTensor(Shape(9, columns), dtype)
                let rows: [Int32] = [8, 0, 3, 5, 1]
                device.scatter(x.tensor, rows: rows, into: table)
                let back = Matrix(device, 5, columns, &random)
                device.embed(rows, table: table, into: back.tensor)
                #expect(back.values == x.values.map { dtype == .f32 ? $0 : nearestBF16($0) })
            }
        }
        let table = device.makeTensor(Shape(1, 4), .bf16)
        // Halfway to even both ways, an overflow, and a NaN whose upper bits alone would be ∞.
        let values = [Float(bitPattern: 0x3f80_8000), Float(bitPattern: 0x3f81_8000), .greatestFiniteMagnitude, Float(bitPattern: 0x7f80_0001)]
        device.scatter(Matrix(device, 1, 4, values: values).tensor, rows: [0], into: table)
        let back = Matrix(device, 1, 4, &random)
        device.embed([0], table: table, into: back.tensor)
        #expect(back.values[0] == 1 && back.values[1] == Float(bitPattern: 0x3f82_0000) && back.values[2] == .infinity && back.values[3].isNaN)
    }

    private func nearestBF16(_ value: Float) -> Float {
        let down = Float(bitPattern: value.bitPattern & 0xffff_0000), up = Float(bitPattern: (value.bitPattern & 0xffff_0000) &+ 0x1_0000)
        let (below, above) = (abs(value - down), abs(up - value))
        return below < above || (below == above && down.bitPattern & 0x1_0000 == 0) ? down : up
    }

    /// One query row over `keys`, in double.
    private func attention(_ parameters: Attention, _ query: Matrix, _ row: Int, _ key: Matrix, _ value: Matrix) -> [Double] {
        let size = parameters.headSize
        return (0..<parameters.heads).flatMap { head in
            let shared = head / (parameters.heads / parameters.keyValueHeads) * size
            let scores = (0..<key.rows).map { j in
                (0..<size).reduce(0.0) { $0 + Double(query[row, head * size + $1]) * Double(key[j, shared + $1]) } * Double(parameters.scale)
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let sum = weights.reduce(0, +)
            return (0..<size).map { d in (0..<key.rows).reduce(0.0) { $0 + weights[$1] * Double(value[$1, shared + d]) } / sum }
        }
    }
}
