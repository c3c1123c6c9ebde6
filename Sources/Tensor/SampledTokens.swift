/// The result of sampling, on the device.
public struct SampledTokens: Sendable {
    /// Ids, i32 `[rows]`. Each is one of the row's, also if the row was not finite.
    public let ids: Tensor
    /// The probability mass of the ids that could be sampled, above 0, f32 `[rows]`; NaN if a logit is NaN or +∞.
    public let mass: Tensor

    /// - Parameter rows: the most that are sampled at once.
    public init(rows: Int, on device: any Device) {
        self.init(ids: device.makeTensor(Shape(rows), .i32), mass: device.makeTensor(Shape(rows), .f32))
    }

    private init(ids: Tensor, mass: Tensor) {
        self.ids = ids
        self.mass = mass
    }

    /// The first `rows` only, in the same memory.
    public func prefix(_ rows: Int) -> SampledTokens { SampledTokens(ids: ids.prefix(Shape(rows)), mass: mass.prefix(Shape(rows))) }
}
