import Wire

/// Messages as the embedded descriptors describe them, and encodings made from nothing else: what a coder reads and writes is compared
/// with the contract itself.
struct DescribedMessages {
    struct Field {
        let name: String
        let number: UInt32
        /// `FieldDescriptorProto.Type`
        let type: UInt64
        let typeName: String
        let isRepeated: Bool
        /// Index of the oneof; nil: none.
        let oneof: UInt64?
    }

    /// Full names, as `glm.v1.Stage/Drain`.
    private(set) var methods: Set<String> = []
    /// By full name.
    private(set) var fields: [String: [Field]] = [:]
    /// The smallest number of an enumeration above 0, by full name.
    private var enumValues: [String: UInt64] = [:]

    init(files: [[UInt8]]) throws {
        for file in files {
            let file = try RawMessage(file)
            for enumeration in try file.messages(5) { try add(enumeration: enumeration, within: file.text(2)) }
            for message in try file.messages(4) { try add(message: message, within: file.text(2)) }
            for service in try file.messages(6) {
                for method in try service.messages(2) { methods.insert("\(file.text(2)).\(service.text(1))/\(method.text(1))") }
            }
        }
    }

    private mutating func add(message: RawMessage, within scope: String) throws {
        let name = "\(scope).\(message.text(1))"
        for nested in try message.messages(3) { try add(message: nested, within: name) }
        for enumeration in try message.messages(4) { try add(enumeration: enumeration, within: name) }
        fields[name] = try message.messages(2).map {
            Field(
                name: $0.text(1), number: UInt32($0.number(3) ?? 0), type: $0.number(5) ?? 0, typeName: String($0.text(6).dropFirst()),
                isRepeated: $0.number(4) == 3, oneof: $0.number(9))
        }
    }

    private mutating func add(enumeration: RawMessage, within scope: String) throws {
        enumValues["\(scope).\(enumeration.text(1))"] = try enumeration.messages(2).compactMap { $0.number(2) }.filter { $0 > 0 }.min()
    }

    /// Encodings that together set every field of a message: one for each member of the oneof that has most. Lists have two elements.
    func encodings(of message: String) -> [[UInt8]] {
        let members = Dictionary(grouping: (fields[message] ?? []).compactMap(\.oneof)) { $0 }
        return (0..<(members.values.map(\.count).max() ?? 1)).map { encoding(of: message, variant: $0) }
    }

    /// Where not every number is valid, nor every length: an image of 64 × 96 pixels has 2 × 3 codes, lists of numbers here have six
    /// elements, and 2 × 3 rows of 3 numbers have 72 bytes.
    private static let sizes: [String: UInt64] = [
        "glm.v1.ImageParameters.height": 64, "glm.v1.ImageParameters.width": 96, "glm.v1.CodeGrid.height": 2, "glm.v1.CodeGrid.width": 3,
        "glm.v1.Accepted.height": 64, "glm.v1.Accepted.width": 96, "glm.v1.GeneratedImage.height": 64, "glm.v1.GeneratedImage.width": 96,
        "glm.v1.PictureRows.bytes": 72, "glm.v1.RenderRequest.partial_images": 3,
    ]

    /// A message whose parts are valid only together: a system's, a user's with two images, an assistant's, a user's.
    private static let given: [String: [UInt8]] = [
        "glm.v1.Conversation":
            Bytes.delimited(1, Bytes.number(1, 2) + Bytes.delimited(2, Bytes.delimited(1, Array("s".utf8))))
            + Bytes.delimited(
                1,
                Bytes.number(1, 1) + Bytes.delimited(2, Bytes.delimited(2, [])) + Bytes.delimited(2, Bytes.delimited(2, []))
                    + Bytes.delimited(2, Bytes.delimited(1, Array("what is it?".utf8))))
            + Bytes.delimited(
                1, Bytes.number(1, 3) + Bytes.delimited(2, Bytes.delimited(1, Array("a cat".utf8))) + Bytes.delimited(3, Array("hm".utf8)))
            + Bytes.delimited(1, Bytes.number(1, 1) + Bytes.delimited(2, Bytes.delimited(1, Array("and that?".utf8))))
    ]

    /// One encoding with every field set, but only one member of each oneof.
    private func encoding(of message: String, variant: Int) -> [UInt8] {
        if let given = Self.given[message] { return given }
        let fields = fields[message] ?? []
        let chosen = fields.filter { field in
            guard let oneof = field.oneof else { return true }
            let members = fields.filter { $0.oneof == oneof }
            return members[variant % members.count].number == field.number
        }
        return chosen.sorted { $0.number < $1.number }.flatMap { encoding(of: $0, in: message, variant: variant) }
    }

    private func encoding(of field: Field, in message: String, variant: Int) -> [UInt8] {
        if field.isRepeated, field.type == 5 || field.type == 13 { return Bytes.delimited(field.number, (1...6).flatMap { Bytes.varint($0) }) }
        return (0..<(field.isRepeated ? 2 : 1)).flatMap { index in
            switch field.type {
            case 1: Bytes.fixed(field.number, (0.25 + Double(field.number)).bitPattern)
            case 2: Bytes.fixed(field.number, (0.5 as Float).bitPattern)
            case 8: Bytes.number(field.number, 1)
            case 9: Bytes.delimited(field.number, Array("\(field.name) \(variant) \(index) “圆” 🍎".utf8))
            case 11: Bytes.delimited(field.number, encoding(of: field.typeName, variant: variant + index))
            case 12 where Self.sizes["\(message).\(field.name)"] != nil:
                Bytes.delimited(field.number, Array(repeating: 7, count: Int(Self.sizes["\(message).\(field.name)"]!)))
            // Begins as a PNG file.
            case 12: Bytes.delimited(field.number, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, UInt8(index)])
            case 14: Bytes.number(field.number, enumValues[field.typeName] ?? 1)
            default: Bytes.number(field.number, Self.sizes["\(message).\(field.name)"] ?? UInt64(field.number) + 1)
            }
        }
    }
}

/// Protobuf's encoding of single fields.
private enum Bytes {
    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
    }

    static func number(_ field: UInt32, _ value: UInt64) -> [UInt8] { varint(UInt64(field) << 3) + varint(value) }
    static func delimited(_ field: UInt32, _ content: [UInt8]) -> [UInt8] {
        varint(UInt64(field) << 3 | 2) + varint(UInt64(content.count)) + content
    }

    static func fixed<Value: FixedWidthInteger>(_ field: UInt32, _ value: Value) -> [UInt8] {
        varint(UInt64(field) << 3 | (Value.bitWidth == 64 ? 1 : 5)) + withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }
}
