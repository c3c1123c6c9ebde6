/// The element types a checkpoint may hold and a device may compute with.
public enum DType: String, Sendable, Hashable, CaseIterable {
    case f32, bf16, f16, i64, i32, i8, u8, bool

    public var byteCount: Int {
        switch self {
        case .i64: 8
        case .f32, .i32: 4
        case .bf16, .f16: 2
        case .i8, .u8, .bool: 1
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .f32, .bf16, .f16: true
        case .i64, .i32, .i8, .u8, .bool: false
        }
    }
}
