public import Tensor

extension AscendDevice {
    public func attention(_ parameters: Attention, query: Tensor, key: Tensor, value: Tensor, into output: Tensor) {
        parameters.checkArguments(query: query, key: key, value: value, output: output)
        if attendFused(parameters, query, key, value, output) { return }
        attendComposed(
            parameters, query: Operand(heads: query, headSize: parameters.headSize), key: Operand(heads: key, headSize: parameters.headSize),
            value: Operand(heads: value, headSize: parameters.headSize), into: Operand(heads: output, headSize: parameters.headSize))
    }

    public func pagedAttention(_ parameters: Attention, query: Tensor, keys: Tensor, values: Tensor, pages placed: PlacedPages, into output: Tensor) {
        let (size, pages) = (parameters.headSize, placed.table)
        parameters.checkArguments(query: query, keys: keys, values: values, pages: pages, output: output)
        if attendPagedFused(parameters, query, keys, values, placed, output) { return }
        memory.isRecordable = false
        for (sequence, length) in pages.lengths.enumerated() {
            let rows = (0..<Int(length)).map { row in
                pages.pages[sequence * pages.width + row / pages.pageRows] * Int32(pages.pageRows) + Int32(row % pages.pageRows)
            }
            func gathered(_ pool: Tensor) -> Operand {
                let result = scratch([rows.count, pool.columns], pool.dtype)
                stream.gather(Operand(matrix: pool), indices(rows), into: result)
                return result.reshaped([rows.count, parameters.keyValueHeads, size])
            }
            let range = sequence..<sequence + 1
            attendComposed(
                parameters, query: Operand(heads: query, headSize: size).slice(0, range), key: gathered(keys), value: gathered(values),
                into: Operand(heads: output, headSize: size).slice(0, range))
        }
    }
}

// Attention as CANN's own operator.

extension AscendDevice {
    private func attendFused(_ parameters: Attention, _ query: Tensor, _ key: Tensor, _ value: Tensor, _ output: Tensor) -> Bool {
        let causal = parameters.isCausal && query.rows > 1
        guard let reducedType, causal ? fused.causalAttention : fused.attention, parameters.relativeBias == nil, canFuse(parameters) else {
            return false
        }
        func heads(_ x: Operand, _ count: Int) -> Operand { x.reshaped([1, x.extents[0], count, parameters.headSize]) }
        let keyHeads = parameters.keyValueHeads
        let result = target(for: output, reducedType, apartFrom: [query, key, value])
        var call = FusedAttention(
            query: heads(dense(query, reducedType), parameters.heads), key: heads(dense(key, reducedType), keyHeads),
            value: heads(dense(value, reducedType), keyHeads), output: heads(result, parameters.heads), heads: parameters.heads,
            keyValueHeads: keyHeads, scale: parameters.scale)
        if causal { call.causalMask = causalMask() }
        guard stream.fusedAttention(call) else { return false }
        deliver(result, to: output)
        return true
    }

    /// A matrix as the operator reads it: where it lies, or a copy.
    private func dense(_ x: Tensor, _ type: DType) -> Operand {
        if x.dtype == type, x.isDense { return Operand(dense: x, [x.rows, x.columns]) }
        let result = scratch([x.rows, x.columns], type)
        stream.copy(Operand(matrix: x), to: result)
        return result
    }

    /// Where the operator writes: the output itself, or memory that ``deliver(_:to:)`` copies from.
    private func target(for output: Tensor, _ type: DType, apartFrom inputs: [Tensor]) -> Operand {
        guard output.dtype == type, output.isDense, inputs.allSatisfy({ $0.storage.address != output.storage.address }) else {
            return scratch([output.rows, output.columns], type)
        }
        return Operand(dense: output, [output.rows, output.columns])
    }

    private func deliver(_ result: Operand, to output: Tensor) {
        if result.view.address != output.storage.address { stream.copy(result, to: Operand(matrix: output)) }
    }

    private func attendPagedFused(
        _ parameters: Attention, _ query: Tensor, _ keys: Tensor, _ values: Tensor, _ placed: PlacedPages, _ output: Tensor
    ) -> Bool {
        let pages = placed.table
        guard let reducedType, readsWholePages, keys.dtype == reducedType, pages.pageRows % 16 == 0, pages.pageRows <= 512, canFuse(parameters)
        else {
            return false
        }
        let (sequences, columns) = (query.rows, query.columns)
        let result = target(for: output, reducedType, apartFrom: [query])
        let pool = [keys.rows / pages.pageRows, pages.pageRows, keys.columns]
        let call = FusedAttention(
            query: dense(query, reducedType).reshaped([sequences, 1, columns]), key: Operand(dense: keys.rows(0..<pool[0] * pool[1]), pool),
            value: Operand(dense: values.rows(0..<pool[0] * pool[1]), pool), output: result.reshaped([sequences, 1, columns]),
            heads: parameters.heads,
            keyValueHeads: parameters.keyValueHeads, scale: parameters.scale,
            pages: (
                Operand(dense: placed.pages, [sequences, pages.width]), pages.pageRows,
                shift(placed.lengths, keys: pages.width * pages.pageRows, heads: parameters.heads, reducedType)
            ))
        guard stream.fusedAttention(call) else { return false }
        deliver(result, to: output)
        return true
    }

    private func canFuse(_ parameters: Attention) -> Bool {
        FusedAttention.takes(headSize: parameters.headSize, heads: parameters.heads, keyValueHeads: parameters.keyValueHeads)
    }

    private func causalMask() -> Operand {
        let side = FusedAttention.maskSide
        let tensor = table(.causalMask(side: side), Shape(side, side), .bool) {
            [UInt8](unsafeUninitializedCapacity: side * side) { mask, count in
                for row in 0..<side { for column in 0..<side { mask[row * side + column] = column > row ? 1 : 0 } }
                count = side * side
            }
        }
        return Operand(dense: tensor, [side, side])
    }
}

// Attention from products and a softmax, all in f32: for f32, for a bias, and where the operator is missing or computes wrongly.

extension AscendDevice {
    /// Scores that are held at once, in elements.
    private static let mostScores = 64 << 20
    /// Queries at once where a triangle of each block of queries is masked.
    private static let triangleSide = 256

    /// Query and output `[rows, heads, headSize]`, key and value `[keys, keyValueHeads, headSize]`.
    private func attendComposed(_ parameters: Attention, query: Operand, key: Operand, value: Operand, into output: Operand) {
        let (rows, keys, size) = (query.extents[0], key.extents[0], parameters.headSize)
        let (heads, keyHeads) = (parameters.heads, parameters.keyValueHeads)
        let causal = parameters.isCausal && rows > 1
        func byHead(_ x: Operand) -> Operand {
            let result = scratch([keyHeads, keys, size], .f32)
            stream.copy(x.permuted([1, 0, 2]), to: result)
            return result
        }
        let (keyPlanes, valuePlanes) = (byHead(key), byHead(value))
        let block = max(1, min(rows, causal ? AscendDevice.triangleSide : rows, AscendDevice.mostScores / (heads * keys)))
        for start in stride(from: 0, to: rows, by: block) {
            let range = start..<min(start + block, rows)
            // Of a causal block no query sees what stands behind the last one's own place.
            let seen = causal ? range.upperBound + keys - rows : keys
            let folded = [keyHeads, heads / keyHeads * range.count]

            let scaled = scratch([heads, range.count, size], .f32)
            stream.copy(query.slice(0, range).permuted([1, 0, 2]), to: scaled)
            stream.multiply(scaled, parameters.scale, into: scaled)

            let scores = scratch([heads, range.count, seen], .f32)
            stream.batchMatmul(
                scaled.reshaped(folded + [size]), keyPlanes.slice(1, 0..<seen).permuted([0, 2, 1]), mathType: mathType(.f32),
                into: scores.reshaped(folded + [seen]))
            if let bias = parameters.relativeBias { stream.add(expanded(bias, range, rows: rows, keys: keys).slice(2, 0..<seen), to: scores) }
            if causal { stream.add(triangle(range.count), to: scores.slice(2, seen - range.count..<seen)) }

            let shares = scratch(scores.extents, .f32)
            stream.softmax(scores, into: shares)
            let result = scratch(scaled.extents, .f32)
            stream.batchMatmul(
                shares.reshaped(folded + [seen]), valuePlanes.slice(1, 0..<seen), mathType: mathType(.f32), into: result.reshaped(folded + [size]))
            stream.copy(result.permuted([1, 0, 2]), to: output.slice(0, range))
        }
    }

    /// `[side, side]`: 0 on and below the diagonal, −10³⁰ above it, which no score outweighs; an infinity would make NaN of what it meets.
    private func triangle(_ side: Int) -> Operand {
        let most = AscendDevice.triangleSide
        let tensor = table(.triangle(side: most), Shape(most, most), .f32) {
            (0..<most * most).map { $0 % most > $0 / most ? Float(-1e30) : 0 }.withUnsafeBytes(Array.init)
        }
        return Operand(dense: tensor, [most, most]).slice(0, 0..<side).slice(1, 0..<side)
    }

    /// A relative bias as what each score gets: `[heads, range, keys]`, a view.
    private func expanded(_ bias: Tensor, _ range: Range<Int>, rows: Int, keys: Int) -> Operand {
        let heads = bias.rows
        let byDistance = scratch([bias.columns, heads], .f32)
        stream.copy(Operand(matrix: bias).permuted([1, 0]), to: byDistance)
        let key = DeviceTables.Key.relative(firstRow: range.lowerBound, rows: range.count, keys: keys, allRows: rows)
        let distances = table(key, Shape(range.count * keys), .i64) {
            range.flatMap { row in (0..<keys).map { Int64($0 - row + rows - 1) } }.withUnsafeBytes(Array.init)
        }
        let result = scratch([range.count * keys, heads], .f32)
        stream.gather(byDistance, Operand(dense: distances, [range.count * keys]), into: result)
        return result.reshaped([range.count, keys, heads]).permuted([2, 0, 1])
    }
}
