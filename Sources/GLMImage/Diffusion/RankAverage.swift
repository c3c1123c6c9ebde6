package import Tensor

/// Averages over a picture's image what each of several ranks found in its own rows of it, so that all decide alike. Where every rank has all rows,
/// they found the same, but for what a card's level of determinism leaves open.
package struct RankAverage {
    private let communicator: any Communicator
    private let device: any Device
    /// The weight of what the rank found.
    private let share: Float
    private let total: Tensor  // [count]

    /// - Parameter count: of the values that are averaged at once.
    package init(_ communicator: any Communicator, _ span: SequenceSpan, count: Int, on device: any Device) {
        self.communicator = communicator
        self.device = device
        share = Float(span.imageRows.count * span.ranks) / Float(span.image * communicator.size)
        total = device.makeTensor(Shape(count), .f32)
    }

    /// Waits for all ranks.
    /// - Parameter values: of the rank's rows, `[count]`, f32; undefined where it has none.
    package func callAsFunction(_ values: Tensor) throws -> [Float] {
        device.write([Float](repeating: 0, count: total.shape.count), to: total)
        if share > 0 { device.add(values, times: share, to: total, times: 1) }
        communicator.allReduce(total)
        try communicator.synchronize()
        return try device.floats(total)
    }
}
