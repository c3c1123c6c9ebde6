/// A message of the contract: a Swift value that knows its encoding.
///
/// The encoding is protobuf's, done by protobuf-c; no C type shows outside this module.
public protocol WireMessage: Sendable, Hashable {
    /// The full name, as in the proto file: `glm.v1.CodeGrid`.
    static var name: String { get }
    /// Calls `body` with the encoded size in bytes and a function that writes as many bytes.
    func withPacker<R>(_ body: (_ size: Int, _ pack: (UnsafeMutablePointer<UInt8>) -> Void) throws -> R) throws -> R
    /// Decodes the bytes; throws ``WireError``.
    init(packed: UnsafeRawBufferPointer, unknownFields: UnknownFields) throws
}

/// What happens to fields that this build does not know.
public enum UnknownFields: Sendable {
    /// For requests: a field that would be overlooked might be one that matters.
    case refused
    /// For responses: a newer stage may say more than an older caller asked.
    case skipped
}

extension WireMessage {
    /// The encoded bytes.
    public func packed() throws -> [UInt8] {
        try withPacker { size, pack in
            [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                if let start = buffer.baseAddress, size > 0 { pack(start) }
                count = size
            }
        }
    }

    /// Decodes the bytes; throws ``WireError``.
    public init(packed: [UInt8], unknownFields: UnknownFields = .refused) throws {
        self = try packed.withUnsafeBytes { try Self(packed: $0, unknownFields: unknownFields) }
    }
}
