import Foundation
import Tensor

// The largest error of attention, relative to the largest true value.

extension SelfTest {
    struct Heads {
        var query = 4, keyValue = 2, size = 16
        /// What products of query and key are multiplied by.
        var scale: Float = 0.5

        var columns: Int { query * size }
        var keyColumns: Int { keyValue * size }

        func attention(mask: Attention.Mask = .none, relativeBias: Tensor? = nil) -> Attention {
            Attention(heads: query, keyValueHeads: keyValue, headSize: size, scale: scale, mask: mask, relativeBias: relativeBias)
        }
    }

    /// - Parameter compared: the rows that are compared; nil: all.
    func attention(_ heads: Heads = Heads(), rows: Int, keys: Int, causal: Bool, compared: [Int]? = nil) throws -> Double {
        let (query, key, value) = (noise(rows * heads.columns, 16), noise(keys * heads.keyColumns, 17), noise(keys * heads.keyColumns, 18))
        let y = device.makeTensor(Shape(rows, heads.columns), device.activationType)
        device.attention(
            heads.attention(mask: causal ? .causal : .none), query: device.makeActivations(query, y.shape),
            key: device.makeActivations(key, Shape(keys, heads.keyColumns)),
            value: device.makeActivations(value, Shape(keys, heads.keyColumns)), into: y)
        let result = try device.floats(y), compared = compared ?? Array(0..<rows)
        return error(
            compared.flatMap { result[$0 * heads.columns..<($0 + 1) * heads.columns] },
            attended(heads, query, key, value, rows: compared) { row, column, _ in causal && column > row + keys - rows ? nil : 0 })
    }

    func biasedAttention(_ heads: Heads = Heads(), rows: Int = 6, keys: Int = 9) throws -> Double {
        let (query, key, value) = (noise(rows * heads.columns, 19), noise(keys * heads.keyColumns, 20), noise(keys * heads.keyColumns, 21))
        let distances = rows + keys - 1
        let bias = noise(heads.query * distances, 22)
        let y = device.makeTensor(Shape(rows, heads.columns), device.activationType)
        device.attention(
            heads.attention(relativeBias: device.makeTensor(bias, Shape(heads.query, distances))), query: device.makeActivations(query, y.shape),
            key: device.makeActivations(key, Shape(keys, heads.keyColumns)),
            value: device.makeActivations(value, Shape(keys, heads.keyColumns)), into: y)
        return error(
            try device.floats(y),
            attended(heads, query, key, value, rows: Array(0..<rows)) { row, column, head in Double(bias[head * distances + column - row + rows - 1])
            })
    }

    /// Sequences whose pages lie crosswise; of those by default one is longer than 512 rows.
    func paged(_ heads: Heads = Heads(), lengths: [Int] = [530, 70]) throws -> Double {
        let (pageRows, columns) = (64, heads.keyColumns)
        var pages: [[Int32]] = []
        let order = noise(lengths.reduce(0) { $0 + ($1 + pageRows - 1) / pageRows }, 33)
        var places = order.indices.sorted { order[$0] < order[$1] }.map(Int32.init)[...]
        for length in lengths {
            pages.append(Array(places.prefix((length + pageRows - 1) / pageRows)))
            places = places.dropFirst(pages[pages.count - 1].count)
        }
        let shape = Shape(order.count * pageRows, columns)
        let (query, key, value) = (noise(lengths.count * heads.columns, 23), noise(shape.count, 24), noise(shape.count, 25))
        func pool(_ values: [Float]) -> Tensor {
            let pool = device.makeTensor(shape, device.cacheType)
            device.stream.copy(Operand(matrix: device.makeTensor(values, shape)), to: Operand(matrix: pool))
            return pool
        }
        let y = device.makeTensor(Shape(lengths.count, heads.columns), device.activationType)
        let table = PageTable(pageRows: pageRows, sequences: Array(zip(pages, lengths)).map { (pages: $0, length: $1) })
        device.pagedAttention(
            heads.attention(mask: .causal), query: device.makeActivations(query, y.shape), keys: pool(key), values: pool(value),
            pages: PlacedPages(table, on: device), into: y)
        let truth = lengths.indices.flatMap { sequence -> [Double] in
            func gathered(_ pool: [Float]) -> [Float] {
                (0..<lengths[sequence]).flatMap { row in
                    let start = (Int(pages[sequence][row / pageRows]) * pageRows + row % pageRows) * columns
                    return pool[start..<start + columns]
                }
            }
            let own = Array(query[sequence * heads.columns..<(sequence + 1) * heads.columns])
            return attended(heads, own, gathered(key), gathered(value), rows: [0]) { _, _, _ in 0 }
        }
        return error(try device.floats(y), truth)
    }

    /// Some rows of the result. `bias(row, column, head)` is nil where a key is hidden.
    func attended(
        _ heads: Heads, _ query: [Float], _ key: [Float], _ value: [Float], rows: [Int], bias: (Int, Int, Int) -> Double?
    ) -> [Double] {
        let (size, columns) = (heads.size, heads.keyColumns)
        var result: [Double] = []
        for row in rows {
            for head in 0..<heads.query {
                let (ask, answer) = (row * heads.columns + head * size, head / (heads.query / heads.keyValue) * size)
                let scores = (0..<key.count / columns).map { column -> Double in
                    guard let bias = bias(row, column, head) else { return -.infinity }
                    let start = column * columns + answer
                    return bias + Double(heads.scale) * dot(query[ask..<ask + size], key[start..<start + size])
                }
                let highest = scores.max() ?? 0
                let shares = scores.map { exp($0 - highest) }
                let total = shares.reduce(0, +)
                result += (0..<size).map { at in
                    shares.enumerated().reduce(0) { $0 + $1.element * Double(value[$1.offset * columns + answer + at]) } / total
                }
            }
        }
        return result
    }
}
