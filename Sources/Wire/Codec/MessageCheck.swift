import CWire

/// What protobuf-c leaves unchecked, checked on the bytes before it allocates anything.
///
/// It cuts strings at a NUL, keeps unknown fields where nobody looks, makes a struct of some hundred bytes from an empty element of two,
/// and four bytes from a number of one. The depth is bounded because no message of the contract contains itself.
struct MessageCheck {
    /// Fields in one message, nested ones counted in. The largest honest message has log probabilities of some hundred tokens, with some
    /// hundred fields each.
    static let maximumFields = 65_536
    /// Numbers of all lists in one message. The largest honest message tells as many ids as an answer can have: 131,072.
    static let maximumNumbers = 1 << 18

    let unknownFields: UnknownFields
    private var fields = 0
    private var numbers = 0

    init(unknownFields: UnknownFields) { self.unknownFields = unknownFields }

    mutating func check(_ bytes: UnsafeRawBufferPointer, as descriptor: UnsafePointer<ProtobufCMessageDescriptor>) throws(WireError) {
        let message = String(cString: descriptor.pointee.name)
        var reader = FieldReader(bytes)
        while let field = try next(&reader, of: message) {
            fields += 1
            guard fields <= Self.maximumFields else {
                throw WireError(.tooManyFields, "\(message): more than \(Self.maximumFields) fields")
            }
            guard let known = protobuf_c_message_descriptor_get_field(descriptor, field.number) else {
                if unknownFields == .skipped { continue }
                throw WireError(.unknownField, "\(message): field \(field.number) is not known to this build")
            }
            guard field.wireType == FieldReader.lengthDelimited else { continue }
            switch known.pointee.type {
            case PROTOBUF_C_TYPE_STRING:
                if field.content.contains(0) {
                    throw WireError(.invalidText, "\(message): \(String(cString: known.pointee.name)) has a NUL inside")
                }
            case PROTOBUF_C_TYPE_MESSAGE:
                let nested = known.pointee.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
                try check(field.content, as: nested)
            case PROTOBUF_C_TYPE_BYTES:
                break
            case let type:
                let count = Self.count(type, packedIn: field.content)
                numbers += count
                guard numbers <= Self.maximumNumbers else {
                    throw WireError(
                        .tooManyFields,
                        "\(message): \(String(cString: known.pointee.name)) has \(count) numbers; a message holds at most \(Self.maximumNumbers)")
                }
            }
        }
    }

    /// Numbers of a list that stands in one field.
    private static func count(_ type: ProtobufCType, packedIn content: UnsafeRawBufferPointer) -> Int {
        switch type {
        case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT: content.count / 4
        case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE: content.count / 8
        // The last byte of each is below 0x80.
        default: content.count { $0 < 0x80 }
        }
    }

    private func next(_ reader: inout FieldReader, of message: String) throws(WireError) -> FieldReader.Field? {
        do { return try reader.next() } catch { throw WireError(.malformed, "\(message): \(error.message)") }
    }
}
