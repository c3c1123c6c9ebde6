public import Tensor

/// One tensor as a safetensors header lists it.
public struct TensorEntry: Sendable, Hashable {
    public let name: String
    /// The type as the file writes it: `F32`, `BF16`, …
    public let type: String
    public let shape: [Int]
    public let byteCount: Int
    /// Where the tensor's first byte lies in the file.
    let byteOffset: Int

    /// The type as we compute with it; nil for a type that we can only list.
    public var dtype: DType? {
        switch type {
        case "F32": .f32
        case "BF16": .bf16
        case "F16": .f16
        case "I64": .i64
        case "I32": .i32
        case "I8": .i8
        case "U8": .u8
        case "BOOL": .bool
        default: nil
        }
    }

    /// The bits of an element; nil for a type that the format doesn't know.
    static func bitCount(type: String) -> Int? {
        switch type {
        case "F64", "I64", "U64", "C64": 64
        case "F32", "I32", "U32": 32
        case "F16", "BF16", "I16", "U16": 16
        case "I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ": 8
        case "F6_E2M3", "F6_E3M2": 6
        case "F4": 4
        default: nil
        }
    }
}
