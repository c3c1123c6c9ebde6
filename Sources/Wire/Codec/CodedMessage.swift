import CWire

/// A message with its C struct: what a message has to say about itself; packing and unpacking follow from it.
protocol CodedMessage: WireMessage {
    /// The generated struct; begins with `ProtobufCMessage`.
    associatedtype C
    /// The generated `__init`.
    static func initialize(_ c: UnsafeMutablePointer<C>)
    /// Writes the fields, with what they point to in the arena.
    func fill(_ c: inout C, _ arena: Arena) throws(WireError)
    /// Copies the fields out.
    init(_ c: C) throws(WireError)
    /// Whether errors name its fields without the field that holds the message.
    static var isTransparent: Bool { get }
}

extension CodedMessage {
    static var isTransparent: Bool { false }

    static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        withUnsafeTemporaryAllocation(of: C.self, capacity: 1) { c in
            initialize(c.baseAddress!)
            return UnsafeRawPointer(c.baseAddress!).assumingMemoryBound(to: ProtobufCMessage.self).pointee.descriptor
        }
    }

    public static var name: String { String(cString: descriptor.pointee.name) }

    public func withPacker<R>(_ body: (_ size: Int, _ pack: (UnsafeMutablePointer<UInt8>) -> Void) throws -> R) throws -> R {
        let arena = Arena()
        defer { withExtendedLifetime(arena) {} }
        let base = UnsafeRawPointer(try arena.message(self)).assumingMemoryBound(to: ProtobufCMessage.self)
        return try body(protobuf_c_message_get_packed_size(base)) { _ = protobuf_c_message_pack(base, $0) }
    }

    public init(packed bytes: UnsafeRawBufferPointer, unknownFields: UnknownFields) throws {
        let descriptor = Self.descriptor
        var check = MessageCheck(unknownFields: unknownFields)
        try check.check(bytes, as: descriptor)
        guard let message = protobuf_c_message_unpack(descriptor, nil, bytes.count, bytes.bindMemory(to: UInt8.self).baseAddress) else {
            throw WireError(.malformed, "\(Self.name): the bytes are not an encoding of this message")
        }
        defer { protobuf_c_message_free_unpacked(message, nil) }
        self = try Self(UnsafeRawPointer(message).assumingMemoryBound(to: C.self).pointee)
    }
}
