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

    /// By the sorted softmax's running sums: top-k ends them at a place, top-p at a value, and the sampled id is where a value falls.
    private func sampleOnDevice(_ logits: Tensor, _ parameters: [SamplingParameters], _ sampled: SampledTokens) -> Bool {
        let (rows, columns) = (logits.rows, logits.columns)
        let numbers = makeTensor(Shape(3, rows), .f32)
        write(parameters.map { 1 / $0.temperature } + parameters.map(\.topP) + parameters.map(\.uniform), to: numbers)
        func number(_ index: Int) -> Operand { Operand(dense: numbers.rows(index..<index + 1), [rows, 1]) }
        let sums = scratch([rows, columns], .f32)
        let first = (0..<Int32(rows)).map { $0 * Int32(columns) }
        /// `table [rows · columns, 1]` at one place of each row.
        func element(_ table: Operand, _ places: Operand, into out: Operand) {
            stream.gather(table.reshaped([rows * columns, 1]), places.reshaped([rows]), into: out)
        }
        /// Where in its row's sums each value falls, as a place among all rows. For a NaN it is behind the row, and the last place is used.
        func place(_ value: Operand, above: Bool) -> Operand? {
            let (found, kept, result) = (scratch([rows, 1], .i64), scratch([rows, 1], .i64), scratch([rows, 1], .i64))
            let last = indices([Int32](repeating: Int32(columns - 1), count: rows)).reshaped([rows, 1])
            guard stream.search(sums, for: value, above: above, into: found), stream.minimum(found, last, into: kept) else { return nil }
            stream.add(kept, indices(first).reshaped([rows, 1]), into: result)
            return result
        }

        let dense = logits.isDense ? Operand(matrix: logits) : scratch([rows, columns], .f32)
        if !logits.isDense { stream.copy(Operand(matrix: logits), to: dense) }
        let (sorted, order) = (scratch([rows, columns], .f32), scratch([rows, columns], .i64))
        let (scaled, shares) = (scratch([rows, columns], .f32), scratch([rows, columns], .f32))
        guard stream.sort(dense, into: sorted, places: order) else { return false }
        stream.multiply(sorted, number(0), into: scaled)
        stream.softmax(scaled, into: shares)
        guard stream.sums(shares, into: sums) else { return false }

        let (all, threshold, point, id) = (scratch([rows, 1], .f32), scratch([rows, 1], .f32), scratch([rows, 1], .f32), scratch([rows, 1], .i64))
        let kept = zip(first, parameters).map { $0 + Int32($1.topK > 0 ? min($1.topK, columns) : columns) - 1 }
        element(sums, indices(kept), into: all)
        stream.multiply(all, number(1), into: threshold)
        guard let end = place(threshold, above: false) else { return false }
        let mass = Operand(dense: sampled.mass, [rows, 1])
        element(sums, end, into: mass)
        stream.multiply(mass, number(2), into: point)
        guard let hit = place(point, above: true) else { return false }
        element(order, hit, into: id)
        stream.copy(id, to: Operand(dense: sampled.ids, [rows, 1]))
        return true
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
