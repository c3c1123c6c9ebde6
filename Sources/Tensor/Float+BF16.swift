extension Float {
    /// The value of a bf16 number, which is the upper half of a float.
    @inlinable
    public init(bf16 bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }

    /// The nearest bf16 number, of two the even one; not for NaN.
    @inlinable
    public var bf16: UInt16 { UInt16((bitPattern &+ 0x7FFF &+ (bitPattern >> 16 & 1)) >> 16) }
}
