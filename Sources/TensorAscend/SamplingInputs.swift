import Tensor

/// What sampling reads that differs from step to step, on the device: for as many rows at the same addresses, so that it can be recorded.
struct SamplingInputs {
    /// f32 `[2, rows]`: 1 ÷ temperature, and top-p.
    let numbers: Tensor
    /// i64 `[rows]`: the last place that top-k keeps.
    let kept: Tensor
    /// f32 `[rows, columns]`: 1 ÷ the exponential number of each id; 1 MB for 16 rows of 16384 ids.
    let rates: Tensor

    var rows: Int { rates.rows }

    /// Memory for up to `rows` rows.
    init(rows: Int, columns: Int, on device: AscendDevice) {
        numbers = device.makeTensor(Shape(2, rows), .f32)
        kept = device.makeTensor(Shape(rows), .i64)
        rates = device.makeTensor(Shape(rows, columns), .f32)
    }

    private init(_ larger: SamplingInputs, rows: Int) {
        numbers = larger.numbers.prefix(Shape(2, rows))
        kept = larger.kept.prefix(Shape(rows))
        rates = larger.rates.prefix(Shape(rows, larger.rates.columns))
    }

    /// The same memory for fewer rows.
    func prefix(rows: Int) -> SamplingInputs { SamplingInputs(self, rows: rows) }

    /// The numbers of the ids are made on the host, because no operator counts as ``CounterGenerator`` does; a greedy row needs none.
    func write(_ parameters: [SamplingParameters], on device: AscendDevice) {
        let columns = rates.columns
        device.write(parameters.map { 1 / $0.temperature } + parameters.map(\.topP), to: numbers)
        let places = parameters.map { Int64($0.topK > 0 ? min($0.topK, columns) : columns) - 1 }
        places.withUnsafeBytes { device.write($0, to: kept) }
        device.write(
            parameters.flatMap { row in (0..<columns).map { row.topK == 1 ? 1 : Float(1 / row.generator.exponential($0)) } }, to: rates)
    }
}

/// What the operators of sampling read and write.
struct SampledMemory: Hashable {
    private let logits: Operand.View
    private let others: [UnsafeMutableRawPointer]

    init(_ logits: Tensor, _ inputs: SamplingInputs, _ sampled: SampledTokens) {
        self.logits = Operand(matrix: logits).view
        others = [inputs.numbers, inputs.kept, inputs.rates, sampled.ids, sampled.mass].map(\.address)
    }
}
