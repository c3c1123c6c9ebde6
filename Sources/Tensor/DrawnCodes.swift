/// What a draw made, on the device.
public struct DrawnCodes: Sendable {
    /// Codes, i32 `[rows]`. Each is one of the row's, also where the row was not finite.
    public let ids: Tensor
    /// Of the codes that could be drawn, above 0, f32 `[rows]`; NaN where a logit is NaN or +∞.
    public let mass: Tensor

    /// - Parameter rows: at most.
    public init(rows: Int, on device: any Device) {
        self.init(ids: device.makeTensor(Shape(rows), .i32), mass: device.makeTensor(Shape(rows), .f32))
    }

    private init(ids: Tensor, mass: Tensor) {
        self.ids = ids
        self.mass = mass
    }

    /// Of the first `rows` only.
    public func prefix(_ rows: Int) -> DrawnCodes { DrawnCodes(ids: ids.prefix(Shape(rows)), mass: mass.prefix(Shape(rows))) }
}
