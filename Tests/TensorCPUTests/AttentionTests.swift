import Domain
import Foundation
import Tensor
import TensorCPU
import Testing

struct AttentionCase: Sendable, CustomTestStringConvertible {
    var rows, keys, heads, keyHeads, size: Int
    var causal = false
    var bias = false

    var testDescription: String { "\(rows)×\(keys), \(heads)/\(keyHeads) heads of \(size)\(causal ? ", causal" : "")\(bias ? ", bias" : "")" }

    static let all: [AttentionCase] = [
        AttentionCase(rows: 1, keys: 1, heads: 1, keyHeads: 1, size: 1),
        AttentionCase(rows: 5, keys: 5, heads: 2, keyHeads: 1, size: 8, causal: true),
        AttentionCase(rows: 70, keys: 70, heads: 3, keyHeads: 3, size: 40),
        AttentionCase(rows: 130, keys: 130, heads: 4, keyHeads: 2, size: 64, causal: true),
        AttentionCase(rows: 49, keys: 1000, heads: 2, keyHeads: 2, size: 72),
        AttentionCase(rows: 33, keys: 700, heads: 4, keyHeads: 1, size: 128, causal: true),
        AttentionCase(rows: 1, keys: 3, heads: 8, keyHeads: 2, size: 16, causal: true),
        AttentionCase(rows: 1, keys: 2500, heads: 16, keyHeads: 1, size: 128, causal: true),
        AttentionCase(rows: 1, keys: 513, heads: 4, keyHeads: 2, size: 33),
        AttentionCase(rows: 3, keys: 1025, heads: 8, keyHeads: 2, size: 80, causal: true),
        AttentionCase(rows: 7, keys: 300, heads: 3, keyHeads: 3, size: 20, bias: true),
        AttentionCase(rows: 100, keys: 100, heads: 6, keyHeads: 6, size: 64, bias: true),
        AttentionCase(rows: 60, keys: 290, heads: 2, keyHeads: 1, size: 17, causal: true, bias: true),
        AttentionCase(rows: 20, keys: 40, heads: 1, keyHeads: 1, size: 256),
        AttentionCase(rows: 12, keys: 32, heads: 2, keyHeads: 2, size: 255),
        AttentionCase(rows: 90, keys: 300, heads: 1, keyHeads: 1, size: 512),
        AttentionCase(rows: 64, keys: 64, heads: 1, keyHeads: 1, size: 1024),
        AttentionCase(rows: 2, keys: 300, heads: 2, keyHeads: 1, size: 700, causal: true),
    ]
}

@Suite struct AttentionTests {
    @Test("attention agrees with double under every mask, sharing and length", arguments: availableKernels, AttentionCase.all)
    func attention(kernels: KernelSet, shape: AttentionCase) throws {
        // Exponentials of f32 scores: an error of 1e-7 in a score of 5 moves its weight by 5e-7.
        #expect(error(of: shape, on: CPUDevice(threads: 3, kernels: kernels)) < 3e-6)
    }

    @Test("attention on bf16 operands agrees to their eight bits", arguments: AttentionCase.all)
    func bf16(shape: AttentionCase) throws {
        #expect(error(of: shape, on: CPUDevice(threads: 2, precision: .bf16)) < 1.5e-2)
    }

    @Test("scores far apart neither overflow nor lose the largest", arguments: availableKernels)
    func extremes(kernels: KernelSet) throws {
        let device = CPUDevice(threads: 2, kernels: kernels)
        for rows in [1, 60] {
            let query = Matrix(device, rows, 16, values: [Float](repeating: 100, count: rows * 16))
            let key = Matrix(device, 600, 16, values: (0..<600 * 16).map { $0 / 16 == 431 ? 100 : -100 })
            let value = Matrix(device, 600, 16, values: (0..<600 * 16).map { Float($0 / 16) })
            let output = Matrix(device, rows, 16, values: [Float](repeating: 0, count: rows * 16))
            device.attention(
                Attention(heads: 1, keyValueHeads: 1, headSize: 16, scale: 1), query: query.tensor, key: key.tensor, value: value.tensor,
                into: output.tensor)
            #expect(output.values.allSatisfy { $0 == 431 })
        }
    }

    func error(of shape: AttentionCase, on device: CPUDevice) -> Double {
        var random = Random(UInt64(shape.rows * 31 + shape.keys))
        let (rows, keys, size) = (shape.rows, shape.keys, shape.size)
        let query = Matrix(device, rows, shape.heads * size, padding: 3, &random)
        let key = Matrix(device, keys, shape.keyHeads * size, padding: 5, &random)
        let value = Matrix(device, keys, shape.keyHeads * size, padding: 2, &random)
        let output = Matrix(device, rows, shape.heads * size, padding: 1, &random)
        let bias = Matrix(device, shape.heads, rows + keys - 1, padding: 1, &random)
        let scale = 1 / Float(size).squareRoot()
        let parameters = Attention(
            heads: shape.heads, keyValueHeads: shape.keyHeads, headSize: size, scale: scale, mask: shape.causal ? .causal : .none,
            relativeBias: shape.bias ? bias.tensor : nil)
        device.attention(parameters, query: query.tensor, key: key.tensor, value: value.tensor, into: output.tensor)
        guard output.isIntact else { return .infinity }

        var truth = [Double](repeating: 0, count: rows * shape.heads * size)
        for head in 0..<shape.heads {
            let shared = head / (shape.heads / shape.keyHeads)
            for row in 0..<rows {
                let seen = shape.causal ? row + keys - rows + 1 : keys
                var scores = (0..<seen).map { j in
                    (0..<size).reduce(0.0) { $0 + Double(query[row, head * size + $1]) * Double(key[j, shared * size + $1]) } * Double(scale)
                        + (shape.bias ? Double(bias[head, j - row + rows - 1]) : 0)
                }
                let top = scores.max() ?? 0
                scores = scores.map { exp($0 - top) }
                let sum = scores.reduce(0, +)
                for d in 0..<size {
                    truth[(row * shape.heads + head) * size + d] =
                        (0..<seen).reduce(0.0) { $0 + scores[$1] * Double(value[$1, shared * size + d]) } / sum
                }
            }
        }
        return relativeError(output.values, truth)
    }
}

@Suite struct AttentionArgumentTests {
    @Test("a causal mask needs a key for each query: fewer end the program instead of reading what is not there")
    func tooFewKeys() async {
        await #expect(processExitsWith: .failure) {
            let device = CPUDevice(threads: 1)
            let attention = Attention(heads: 1, keyValueHeads: 1, headSize: 4, scale: 1, mask: .causal)
            let (query, keys) = (device.makeTensor([3, 4], .f32), device.makeTensor([2, 4], .f32))
            device.attention(attention, query: query, key: keys, value: keys, into: device.makeTensor([3, 4], .f32))
        }
    }
}
