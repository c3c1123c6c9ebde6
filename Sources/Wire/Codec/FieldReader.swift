/// Walks the fields of an encoded message without decoding them.
package struct FieldReader {
    /// One field as it stands in the bytes.
    package struct Field {
        package let number: UInt32
        package let wireType: UInt8
        /// The content of a length-delimited field; empty for numbers.
        package let content: UnsafeRawBufferPointer
        /// The number of a varint field; nil for others.
        package var value: UInt64?
    }

    static let lengthDelimited: UInt8 = 2

    private var rest: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The next field, or nil at the end; throws `malformed` when the bytes end inside a field.
    package mutating func next() throws(WireError) -> Field? {
        if rest.isEmpty { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw WireError(.malformed, "field number \(tag >> 3)") }
        let number = UInt32(tag >> 3)
        let wireType = UInt8(tag & 7)
        switch wireType {
        case 0: return Field(number: number, wireType: wireType, content: .init(start: nil, count: 0), value: try varint())
        case 1: _ = try take(8); return Field(number: number, wireType: wireType, content: .init(start: nil, count: 0))
        case 5: _ = try take(4); return Field(number: number, wireType: wireType, content: .init(start: nil, count: 0))
        case Self.lengthDelimited: return Field(number: number, wireType: wireType, content: try take(varint()))
        default: throw WireError(.malformed, "wire type \(wireType) of field \(number)")
        }
    }

    private mutating func take(_ count: UInt64) throws(WireError) -> UnsafeRawBufferPointer {
        guard count <= UInt64(rest.count) else { throw WireError(.malformed, "a field of \(count) bytes where \(rest.count) are left") }
        let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(count)))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(Int(count)))
        return taken
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for (index, byte) in rest.prefix(10).enumerated() {
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte < 0x80 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(index + 1))
                return value
            }
        }
        throw WireError(.malformed, "a number without end")
    }
}
