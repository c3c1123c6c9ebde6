import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    @Suite struct AttentionTests {
        @Test("attention agrees with the CPU for groups of heads, masks and lengths", arguments: Variant.allCases)
        func attention(variant: Variant) throws {
            let cases = [
                (1, 1, 1, 1, 16, false), (1, 700, 4, 2, 16, true), (9, 9, 2, 2, 40, true), (20, 77, 6, 1, 32, false), (300, 530, 2, 1, 16, true),
                (270, 270, 2, 2, 64, true),
            ]
            for (rows, keys, heads, keyHeads, size, causal) in cases {
                var noise = Noise(UInt64(rows + keys))
                let (q, k, v) = (noise(rows * heads * size), noise(keys * keyHeads * size), noise(keys * keyHeads * size))
                try expectAgreement(variant) { device in
                    let output = device.strided(q, rows, heads * size, gap: 1)
                    device.attention(
                        Attention(heads: heads, keyValueHeads: keyHeads, headSize: size, scale: 0.3, mask: causal ? .causal : .none),
                        query: device.strided(q, rows, heads * size, gap: 2), key: device.strided(k, keys, keyHeads * size, gap: 3),
                        value: device.makeTensor(v, Shape(keys, keyHeads * size)), into: output)
                    #expect(try device.gaps(output, 1).allSatisfy { $0 == 777 })
                    return try device.values(output)
                }
            }
        }

        @Test("a relative bias reaches the score of its distance", arguments: Variant.allCases, [false, true])
        func bias(variant: Variant, causal: Bool) throws {
            for (rows, keys, heads, size) in [(1, 1, 1, 8), (5, 8, 3, 16), (40, 40, 6, 64)] {
                var noise = Noise(11)
                let (q, k, v, bias) = (
                    noise(rows * heads * size), noise(keys * heads * size), noise(keys * heads * size), noise(heads * (rows + keys - 1))
                )
                try expectAgreement(variant) { device in
                    let output = device.makeTensor(Shape(rows, heads * size), .f32)
                    let biasTensor = device.makeTensor(bias.map { 4 * $0 }, Shape(heads, rows + keys - 1))
                    device.attention(
                        Attention(
                            heads: heads, keyValueHeads: heads, headSize: size, scale: 1, mask: causal ? .causal : .none, relativeBias: biasTensor),
                        query: device.makeTensor(q, Shape(rows, heads * size)), key: device.makeTensor(k, Shape(keys, heads * size)),
                        value: device.makeTensor(v, Shape(keys, heads * size)), into: output)
                    return try device.floats(output)
                }
            }
        }

        @Test("paged attention agrees with the CPU for sequences of any length in pages of any order", arguments: Variant.allCases, [16, 48])
        func paged(variant: Variant, size: Int) throws {
            try expectAgreement(variant) { device in
                var noise = Noise(12)
                let pool = Pool(device, pages: 24, heads: 2, size: size, &noise)
                let query = device.strided(noise(3 * 4 * size), 3, 4 * size, gap: 1)
                let output = device.makeTensor(Shape(3, 4 * size), .f32)
                let pages = PageTable(pageRows: 64, sequences: [([23, 2, 9, 4, 11, 0, 17, 5, 8, 1], 640), ([3], 1), ([20, 6], 65)])
                device.pagedAttention(
                    Attention(heads: 4, keyValueHeads: 2, headSize: size, scale: 0.4, mask: .causal), query: query, keys: pool.keys,
                    values: pool.values,
                    pages: PlacedPages(pages, on: device), into: output)
                return try device.floats(output)
            }
        }

        @Test("a sequence's result has the same bits alone and among others", arguments: Variant.allCases)
        func alone(variant: Variant) throws {
            let device = try variant.device
            var noise = Noise(13)
            let pool = Pool(device, pages: 8, heads: 1, size: 32, &noise)
            let query = device.makeTensor(noise(3 * 64), [3, 64])
            let parameters = Attention(heads: 2, keyValueHeads: 1, headSize: 32, scale: 0.2, mask: .causal)
            let sequences: [(pages: [Int32], length: Int)] = [([7, 0], 100), ([1], 64), ([2, 3, 4], 130)]
            func attend(_ range: Range<Int>) throws -> [Float] {
                let output = device.makeTensor(Shape(range.count, 64), .f32)
                device.pagedAttention(
                    parameters, query: query.rows(range), keys: pool.keys, values: pool.values,
                    pages: PlacedPages(PageTable(pageRows: 64, sequences: Array(sequences[range])), on: device), into: output)
                return try device.floats(output)
            }
            let all = try attend(0..<3)
            for row in 0..<3 { #expect(try attend(row..<row + 1) == Array(all[row * 64..<(row + 1) * 64])) }
        }
    }
}

/// Keys and values in pages, of the device's own type.
private struct Pool {
    let keys, values: Tensor

    init(_ device: any Device, pages: Int, heads: Int, size: Int, _ noise: inout Noise) {
        let shape = Shape(pages * 64, heads * size)
        func make(_ values: [Float]) -> Tensor {
            let pool = device.makeTensor(shape, device.cacheType)
            device.scatter(device.makeTensor(values, shape), rows: (0..<Int32(shape[0])).map { $0 }, into: pool)
            return pool
        }
        keys = make(noise(shape.count))
        values = make(noise(shape.count))
    }
}
