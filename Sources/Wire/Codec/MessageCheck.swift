import CWire

/// What protobuf-c leaves unchecked, checked on the bytes before it allocates anything.
///
/// It cuts strings at a NUL, keeps unknown fields where nobody looks, and makes a struct of some hundred bytes from an empty
/// element of two. The depth is bounded because no message of the contract contains itself.
struct MessageCheck {
    /// Fields in one message, nested ones counted in; the largest honest message has some hundreds.
    static let maximumFields = 65_536

    let unknownFields: UnknownFields
    private var fields = 0

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
            default:
                break
            }
        }
    }

    private func next(_ reader: inout FieldReader, of message: String) throws(WireError) -> FieldReader.Field? {
        do { return try reader.next() } catch { throw WireError(.malformed, "\(message): \(error.message)") }
    }
}
