import Foundation
import Tensor

// The largest error of attention, relative to the largest true value.

extension SelfTest {
    func attention(rows: Int, keys: Int, causal: Bool) throws -> Double {
        let (query, key, value) = (noise(rows * 64, 16), noise(keys * 32, 17), noise(keys * 32, 18))
        let y = device.makeTensor(Shape(rows, 64), device.activationType)
        device.attention(
            Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.5, mask: causal ? .causal : .none),
            query: device.makeActivations(query, Shape(rows, 64)),
            key: device.makeActivations(key, Shape(keys, 32)), value: device.makeActivations(value, Shape(keys, 32)), into: y)
        return error(
            try device.floats(y), attended(query, key, value, rows: rows) { row, column, _ in causal && column > row + keys - rows ? nil : 0 })
    }

    func biasedAttention() throws -> Double {
        let (rows, keys) = (6, 9)
        let (query, key, value, bias) = (noise(rows * 64, 19), noise(keys * 32, 20), noise(keys * 32, 21), noise(4 * (rows + keys - 1), 22))
        let y = device.makeTensor(Shape(rows, 64), device.activationType)
        let biasTensor = device.makeTensor(bias, Shape(4, rows + keys - 1))
        device.attention(
            Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.5, relativeBias: biasTensor),
            query: device.makeActivations(query, Shape(rows, 64)),
            key: device.makeActivations(key, Shape(keys, 32)), value: device.makeActivations(value, Shape(keys, 32)), into: y)
        return error(
            try device.floats(y),
            attended(query, key, value, rows: rows) { row, column, head in Double(bias[head * (rows + keys - 1) + column - row + rows - 1]) })
    }

    /// Two sequences whose pages lie crosswise, one longer than 512 rows.
    func paged() throws -> Double {
        let (pageRows, lengths) = (64, [530, 70])
        let pages: [[Int32]] = [[9, 1, 3, 8, 5, 7, 2, 10, 0], [6, 4]]
        let (query, key, value) = (noise(2 * 64, 23), noise(11 * pageRows * 32, 24), noise(11 * pageRows * 32, 25))
        func pool(_ values: [Float]) -> Tensor {
            let pool = device.makeTensor(Shape(11 * pageRows, 32), device.cacheType)
            device.stream.copy(Operand(matrix: device.makeTensor(values, pool.shape)), to: Operand(matrix: pool))
            return pool
        }
        let (keys, values, y) = (pool(key), pool(value), device.makeTensor([2, 64], device.activationType))
        let parameters = Attention(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.5, mask: .causal)
        let queries = device.makeActivations(query, [2, 64])
        let table = PageTable(pageRows: pageRows, sequences: Array(zip(pages, lengths)).map { (pages: $0, length: $1) })
        device.pagedAttention(parameters, query: queries, keys: keys, values: values, pages: table, into: y)
        let result = try device.floats(y)
        let truth = lengths.indices.flatMap { sequence -> [Double] in
            func gathered(_ pool: [Float]) -> [Float] {
                (0..<lengths[sequence]).flatMap { row in
                    let start = (Int(pages[sequence][row / pageRows]) * pageRows + row % pageRows) * 32
                    return pool[start..<start + 32]
                }
            }
            return attended(Array(query[sequence * 64..<sequence * 64 + 64]), gathered(key), gathered(value), rows: 1) { _, _, _ in 0 }
        }
        return error(result, truth)
    }

    /// Four heads of 16, two key heads, scores halved. `bias(row, column, head)` is nil where a key is hidden.
    func attended(_ query: [Float], _ key: [Float], _ value: [Float], rows: Int, bias: (Int, Int, Int) -> Double?) -> [Double] {
        var result: [Double] = []
        for row in 0..<rows {
            for head in 0..<4 {
                let scores = (0..<key.count / 32).map { column -> Double in
                    guard let bias = bias(row, column, head) else { return -.infinity }
                    let (ask, answer) = (row * 64 + head * 16, column * 32 + head / 2 * 16)
                    return bias + 0.5 * dot(query[ask..<ask + 16], key[answer..<answer + 16])
                }
                let highest = scores.max() ?? 0
                let shares = scores.map { exp($0 - highest) }
                let total = shares.reduce(0, +)
                result += (0..<16).map { at in
                    shares.enumerated().reduce(0) { $0 + $1.element * Double(value[$1.offset * 32 + head / 2 * 16 + at]) } / total
                }
            }
        }
        return result
    }
}
