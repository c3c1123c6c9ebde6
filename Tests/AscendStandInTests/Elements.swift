import CAscend

/// Elements of CANN's types as bytes, by Swift's own conversions.
extension aclDataType {
    static let floats = [ACL_FLOAT, ACL_FLOAT16, ACL_BF16]

    var size: Int {
        switch self {
        case ACL_BOOL, ACL_INT8, ACL_UINT8: 1
        case ACL_FLOAT16, ACL_BF16: 2
        case ACL_FLOAT, ACL_INT32: 4
        default: 8
        }
    }

    /// Half of the distance of neighbours, for a value of 1.
    var halfUnit: Double {
        switch self {
        case ACL_FLOAT: 0x1p-24
        case ACL_FLOAT16: 0x1p-11
        case ACL_BF16: 0x1p-8
        default: 0
        }
    }

    func encode(_ values: [Double]) -> [UInt8] {
        func bytes<Element>(_ elements: [Element]) -> [UInt8] { elements.withUnsafeBytes { [UInt8]($0) } }
        return switch self {
        case ACL_FLOAT: bytes(values.map(Float.init))
        case ACL_FLOAT16: bytes(values.map(Float16.init))
        case ACL_BF16: bytes(values.map(bf16))
        case ACL_INT32: bytes(values.map(Int32.init))
        case ACL_INT64: bytes(values.map(Int64.init))
        case ACL_DOUBLE: bytes(values)
        case ACL_INT8: bytes(values.map(Int8.init))
        default: bytes(values.map(UInt8.init))
        }
    }

    func decode(_ bytes: [UInt8]) -> [Double] {
        func values<Element>(_: Element.Type, _ convert: (Element) -> Double) -> [Double] {
            bytes.withUnsafeBytes { raw in
                (0..<raw.count / MemoryLayout<Element>.stride).map {
                    convert(raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: Element.self))
                }
            }
        }
        return switch self {
        case ACL_FLOAT: values(Float.self, Double.init)
        case ACL_FLOAT16: values(Float16.self, Double.init)
        case ACL_BF16: values(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
        case ACL_INT32: values(Int32.self, Double.init)
        case ACL_INT64: values(Int64.self, Double.init)
        case ACL_DOUBLE: values(Double.self) { $0 }
        case ACL_INT8: values(Int8.self, Double.init)
        default: values(UInt8.self, Double.init)
        }
    }

    /// To nearest, ties to even.
    private func bf16(_ value: Double) -> UInt16 {
        let bits = Float(value).bitPattern
        if value.isNaN { return 0x7FC0 }
        let tail = bits & 0xFFFF, up = tail > 0x8000 || (tail == 0x8000 && bits & 0x1_0000 != 0)
        return UInt16(bits >> 16) + (up ? 1 : 0)
    }
}
