import Tensor

// Rows that a batch of requests computes together, bit by bit against the same rows elsewhere. How sums are split depends on the sizes,
// so these are the published text model's, and decode's. That takes a card about a second and 120 MiB.

extension SelfTest {
    /// - Throws: `DeviceError` if the device is lost. What can't be computed is told in its place.
    func compareRows() throws -> [RowComparison] {
        defer { device.releaseUnusedMemory() }
        return try compared("product of 16 rows, K = 13696", products) + compared("attention to pages", attentions)
    }

    private func compared(_ name: String, _ compare: () throws -> [RowComparison]) throws -> [RowComparison] {
        do { return try compare() } catch let failure as DeviceError where failure.kind != .lost {
            return [RowComparison(name, notCompared: failure.message)]
        }
    }

    /// The product behind the decoder's gate. Rows 0 and 3 hold the same; what is multiplied alone is padded to as many rows.
    private func products() throws -> [RowComparison] {
        let (rows, inputs, outputs) = (device.batchRows, 13696, 4096)
        var values = noise(rows * inputs, 40)
        values.replaceSubrange(3 * inputs..<4 * inputs, with: values[..<inputs])
        let (x, weight) = (device.makeTensor(values, Shape(rows, inputs)), try repeated(noise(64 * inputs, 41), Shape(outputs, inputs)))
        func product(_ x: Tensor) throws -> [Float] {
            let y = device.makeTensor(Shape(x.rows, outputs), .f32)
            device.linear(x, MatrixWeight(weight), bias: nil, .store(.identity), into: y)
            return try device.floats(y)
        }
        let (together, alone) = (try product(x), try product(x.rows(3..<4)))
        let name = "product of \(rows) rows, K = \(inputs)"
        return [
            RowComparison("\(name), twice", together, try product(x)),
            RowComparison("\(name), equal rows 0 and 3", together[..<outputs], together[3 * outputs..<4 * outputs]),
            RowComparison("\(name), row 3 alone and among \(rows)", alone, together[3 * outputs..<4 * outputs]),
        ]
    }

    /// A weight whose rows repeat, in the type that products read: so many random numbers would take longer than their products.
    func repeated(_ block: [Float], _ shape: Shape) throws -> Tensor {
        let weight = device.makeTensor(shape, device.cacheType)
        let rows = block.count / shape[1]
        let source = device.makeTensor(block, Shape(rows, shape[1]))
        for start in stride(from: 0, to: shape[0], by: rows) {
            device.stream.copy(Operand(matrix: source), to: Operand(matrix: weight.rows(start..<start + rows)))
        }
        try device.synchronize()
        return weight
    }

    /// A step of decode with sequences on both sides of 2048 keys, from where CANN may split one sequence's keys over its cores.
    private func attentions() throws -> [RowComparison] {
        let (lengths, pageRows, columns) = ([1500, 2100, 4200, 4200], 64, 256)
        let parameters = Attention(heads: 32, keyValueHeads: 2, headSize: 128, scale: 0.088, mask: .causal)
        var pages: [[Int32]] = []
        for length in lengths {
            let first = Int32(pages.reduce(0) { $0 + $1.count })
            pages.append((first..<first + Int32((length + pageRows - 1) / pageRows)).reversed())
        }
        let shape = Shape(pages.reduce(0) { $0 + $1.count } * pageRows, columns)
        func pool(_ seed: UInt64) -> Tensor {
            let pool = device.makeTensor(shape, device.cacheType)
            device.stream.copy(Operand(matrix: device.makeTensor(noise(shape.count, seed), shape)), to: Operand(matrix: pool))
            return pool
        }
        let width = parameters.heads * parameters.headSize
        let (keys, values) = (pool(42), pool(43))
        let query = device.makeTensor(noise(lengths.count * width, 44), Shape(lengths.count, width))
        func attended(_ range: Range<Int>) throws -> [Float] {
            let y = device.makeTensor(Shape(range.count, width), .f32)
            let table = PageTable(pageRows: pageRows, sequences: range.map { (pages: pages[$0], length: lengths[$0]) })
            device.pagedAttention(parameters, query: query.rows(range), keys: keys, values: values, pages: table, into: y)
            return try device.floats(y)
        }
        let all = lengths.indices, together = try attended(all)
        return [RowComparison("attention of \(all.count) sequences, twice", together, try attended(all))]
            + (try all.dropLast().map { index in
                RowComparison(
                    "attention to \(lengths[index]) keys, alone and among \(all.count)", try attended(index..<index + 1),
                    together[index * width..<(index + 1) * width])
            })
    }
}
