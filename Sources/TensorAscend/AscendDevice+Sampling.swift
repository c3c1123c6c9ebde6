public import Tensor

// Sampling on the device, so that the next step can be queued before the host knows the sampled ids.

extension AscendDevice {
    /// Deep enough that the device has work while the host queues; shallow enough that a request that is cancelled ends soon.
    public var stepsAhead: Int { fused.sampling ? 2 : 0 }

    public func readLater(_ tensor: Tensor) -> PendingRead { downloads.read(tensor) }

    public func embed(_ ids: Tensor, table: Tensor, into y: Tensor) {
        precondition(
            ids.dtype == .i32 && y.rows == ids.shape.count && y.columns == table.columns,
            "\(ids.dtype) \(ids.shape) ids of \(table.shape) into \(y.shape)")
        let places = scratch([ids.shape.count], .i64)
        stream.copy(Operand(dense: ids, [ids.shape.count]), to: places)
        embed(places, table, y)
    }

    public func sample(_ logits: Tensor, _ parameters: [SamplingParameters], into sampled: SampledTokens) {
        precondition(
            parameters.count == logits.rows && sampled.ids.shape.count == parameters.count, "\(parameters.count) samples from \(logits.shape)")
        if fused.sampling, sampleOnDevice(logits, parameters, sampled) { return }
        sampleOnHost(logits, parameters, sampled)
    }

    /// By the sorted softmax: top-k ends it at a place, top-p where its running sums reach a value, which is as many places as sums below it. Of the ids before the end, the one with
    /// the largest share ÷ exponential number is sampled, as on the host.
    private func sampleOnDevice(_ logits: Tensor, _ parameters: [SamplingParameters], _ sampled: SampledTokens) -> Bool {
        let (rows, columns) = (logits.rows, logits.columns)
        let numbers = makeTensor(Shape(2, rows), .f32)
        write(parameters.map { 1 / $0.temperature } + parameters.map(\.topP), to: numbers)
        func number(_ index: Int) -> Operand { Operand(dense: numbers.rows(index..<index + 1), [rows, 1]) }
        let first = indices((0..<Int32(rows)).map { $0 * Int32(columns) }).reshaped([rows, 1])
        /// `table [rows · columns, 1]` at some places of each row, `[rows, places]`.
        func elements(_ table: Operand, _ places: Operand, into out: Operand) {
            let (count, all) = (places.extents[1], scratch(places.extents, .i64))
            stream.add(places, first, into: all)
            stream.gather(table.reshaped([rows * columns, 1]), all.reshaped([rows * count]), into: out.reshaped([rows * count, 1]))
        }

        let dense = logits.isDense ? Operand(matrix: logits) : scratch([rows, columns], .f32)
        if !logits.isDense { stream.copy(Operand(matrix: logits), to: dense) }
        let (sorted, order) = (scratch([rows, columns], .f32), scratch([rows, columns], .i64))
        let (scaled, shares, sums) = (scratch([rows, columns], .f32), scratch([rows, columns], .f32), scratch([rows, columns], .f32))
        guard stream.sort(dense, into: sorted, places: order) else { return false }
        stream.multiply(sorted, number(0), into: scaled)
        stream.softmax(scaled, into: shares)
        guard stream.sums(shares, into: sums) else { return false }

        // The last place of each row that is kept.
        let (all, threshold, last) = (scratch([rows, 1], .f32), scratch([rows, 1], .f32), scratch([rows, 1], .i64))
        let kept = parameters.map { Int32($0.topK > 0 ? min($0.topK, columns) : columns) - 1 }
        elements(sums, indices(kept).reshaped([rows, 1]), into: all)
        stream.multiply(all, number(1), into: threshold)
        guard count(sums, below: threshold, into: last) else { return false }
        elements(sums, last, into: Operand(dense: sampled.mass, [rows, 1]))

        guard let excess = excess(of: last, columns) else { return false }
        let (drawn, scores) = (scratch([rows, columns], .f32), scratch([rows, columns], .f32))
        elements(Operand(dense: rates(parameters, columns), [rows, columns]), order, into: drawn)
        stream.multiply(shares, drawn, into: scores)
        stream.add(excess, to: scores)
        let (best, place, id) = (scratch([rows], .i32), scratch([rows, 1], .i64), scratch([rows, 1], .i64))
        stream.argmax(scores, into: best)
        stream.copy(best.reshaped([rows, 1]), to: place)
        elements(order, place, into: id)
        stream.copy(id, to: Operand(dense: sampled.ids, [rows, 1]))
        return true
    }

    /// How many elements of each row `[rows, columns]` are below the row's value `[rows, 1]`, which is the first place of an ascending row
    /// that is not: i64 `[rows, 1]`. Counted, because the operator that searches runs on the card's own slow processors.
    ///
    /// The difference of two sums of shares is never so small that its sign is lost. Nothing is below a NaN.
    private func count(_ x: Operand, below values: Operand, into counts: Operand) -> Bool {
        let (differences, ones) = (scratch(x.extents, .f32), scratch(x.extents, .f32))
        let (isBelow, sums) = (scratch(x.extents, .bool), scratch(counts.extents, .f32))
        stream.add(x, values, times: -1, into: differences)
        guard stream.isNegative(differences, into: isBelow) else { return false }
        stream.copy(isBelow, to: ones)
        guard stream.sum(ones, into: sums) else { return false }
        stream.copy(sums, to: counts)
        return true
    }

    /// 1 ÷ the exponential number of each id, f32 `[rows, columns]`: 1 MB for 16 rows of 16384 ids. Made on the host, because no operator
    /// counts as ``CounterGenerator`` does; a greedy row needs none.
    private func rates(_ parameters: [SamplingParameters], _ columns: Int) -> Tensor {
        let tensor = makeTensor(Shape(parameters.count, columns), .f32)
        let values = parameters.flatMap { row in (0..<columns).map { row.topK == 1 ? 1 : Float(1 / row.generator.exponential($0)) } }
        write(values, to: tensor)
        return tensor
    }

    /// 0 up to the place `last [rows, 1]` of each row, and behind it less than any score is above 0: f32 `[rows, columns]`.
    private func excess(of last: Operand, _ columns: Int) -> Operand? {
        let extents = [last.extents[0], columns]
        let (left, capped) = (scratch(extents, .i64), scratch(extents, .i64))
        let (places, result) = (scratch(extents, .f32), scratch(extents, .f32))
        stream.add(last, indices((0..<Int32(columns)).map { -$0 }).reshaped([1, columns]), into: left)
        guard stream.minimum(left, indices([0]).reshaped([1, 1]), into: capped) else { return nil }
        stream.copy(capped, to: places)
        stream.multiply(places, 1e30, into: result)
        return result
    }

    /// Waits for the logits. A failure is thrown at the next call that waits for the device.
    private func sampleOnHost(_ logits: Tensor, _ parameters: [SamplingParameters], _ sampled: SampledTokens) {
        let dense = makeTensor(Shape(logits.rows, logits.columns), .f32)
        copy(logits, to: dense)
        do {
            let values = try floats(dense)
            let (ids, mass) = hostSampler.sample(values, parameters)
            ids.withUnsafeBytes { write($0, to: sampled.ids) }
            write(mass, to: sampled.mass)
        } catch {
            stream.remember(error)
        }
    }
}
