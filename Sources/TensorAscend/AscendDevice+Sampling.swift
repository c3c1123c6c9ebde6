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

    /// - Returns: false if an operator is refused.
    private func sampleOnDevice(_ logits: Tensor, _ parameters: [SamplingParameters], _ sampled: SampledTokens) -> Bool {
        let inputs = samplingInputs(rows: logits.rows, columns: logits.columns)
        inputs.write(parameters, on: self)
        let memory = SampledMemory(logits, inputs, sampled)
        var isQueued = true
        recordedSampling.run(memory, writing: [sampled.ids, sampled.mass], on: self) { isQueued = queueSampling(logits, inputs, sampled) }
        if !isQueued { recordedSampling.forget(memory) }
        return isQueued
    }

    private func samplingInputs(rows: Int, columns: Int) -> SamplingInputs {
        if let held = samplingInputs[columns], held.rows >= rows { return held.prefix(rows: rows) }
        var most = 1
        while most < rows { most *= 2 }
        let made = SamplingInputs(rows: most, columns: columns, on: self)
        samplingInputs[columns] = made
        return made.prefix(rows: rows)
    }

    /// By the sorted softmax: top-k ends it at a place, top-p where its running sums reach a value, which is as many places as sums below
    /// it. Of the ids before the end, the one with the largest share ÷ exponential number is sampled, as on the host.
    private func queueSampling(_ logits: Tensor, _ inputs: SamplingInputs, _ sampled: SampledTokens) -> Bool {
        let (rows, columns) = (logits.rows, logits.columns)
        func number(_ index: Int) -> Operand { Operand(dense: inputs.numbers.rows(index..<index + 1), [rows, 1]) }
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
        elements(sums, Operand(dense: inputs.kept, [rows, 1]), into: all)
        stream.multiply(all, number(1), into: threshold)
        guard count(sums, below: threshold, into: last) else { return false }
        elements(sums, last, into: Operand(dense: sampled.mass, [rows, 1]))

        guard let excess = excess(of: last, columns) else { return false }
        let (drawn, scores) = (scratch([rows, columns], .f32), scratch([rows, columns], .f32))
        elements(Operand(dense: inputs.rates, [rows, columns]), order, into: drawn)
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
