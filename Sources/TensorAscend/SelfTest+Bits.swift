import Tensor

// Rows that a batch of requests computes together, bit by bit against the same rows elsewhere. How sums are split depends on the sizes,
// so these are the published text model's, and decode's. That takes a card about a second and 120 MiB.
//
// All sums are of terms that cancel, far from each other. What is left of them is rounding, which shows the order of a sum in almost
// every element; a sum of its usual size would show it in one of thousands, once it is rounded to bf16.

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
        var values = mirrored(rows, inputs, 40, sign: 1)
        values.replaceSubrange(3 * inputs..<4 * inputs, with: values[..<inputs])
        let x = device.makeTensor(values, Shape(rows, inputs))
        let weight = try repeated(mirrored(64, inputs, 41, sign: -1), Shape(outputs, inputs))
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

    /// Rows whose second half is the first backwards, times `sign`.
    private func mirrored(_ rows: Int, _ columns: Int, _ seed: UInt64, sign: Float) -> [Float] {
        let half = columns / 2, values = noise(rows * half, seed)
        return (0..<rows).flatMap { row in
            let first = Array(values[row * half..<(row + 1) * half])
            return first + first.reversed().map { sign * $0 }
        }
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
        /// The second half of each sequence's rows is the first backwards, times `sign`.
        func pool(_ seed: UInt64, sign: Float) -> Tensor {
            var elements = noise(shape.count, seed)
            for (pages, length) in zip(pages, lengths) {
                func start(_ row: Int) -> Int { (Int(pages[row / pageRows]) * pageRows + row % pageRows) * columns }
                for row in 0..<length / 2 {
                    let (from, to) = (start(row), start(length - 1 - row))
                    for column in 0..<columns { elements[to + column] = sign * elements[from + column] }
                }
            }
            let pool = device.makeTensor(shape, device.cacheType)
            device.stream.copy(Operand(matrix: device.makeTensor(elements, shape)), to: Operand(matrix: pool))
            return pool
        }
        let width = parameters.heads * parameters.headSize
        let (keys, values) = (pool(42, sign: 1), pool(43, sign: -1))
        let query = device.makeTensor(noise(lengths.count * width, 44), Shape(lengths.count, width))
        func attended(_ range: Range<Int>) throws -> [Float] {
            let y = device.makeTensor(Shape(range.count, width), .f32)
            let table = PageTable(pageRows: pageRows, sequences: range.map { (pages: pages[$0], length: lengths[$0]) })
            device.pagedAttention(parameters, query: query.rows(range), keys: keys, values: values, pages: PlacedPages(table, on: device), into: y)
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
