import GRPCCore

/// Encodes a message, refusing one that the peer would refuse.
struct WireSerializer<Message: WireMessage>: MessageSerializer {
    /// Bytes.
    let limit: Int
    /// Where a client finds why a request was not sent: gRPC itself only says that the stream broke.
    var refusal: Last<CallError>?

    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
        do {
            return try message.withPacker { size, pack in
                try checkSize(size, limit: limit, of: Message.self)
                var out = Bytes(repeating: 0, count: size)
                out.withUnsafeMutableBytes { if let start = $0.baseAddress, size > 0 { pack(start.assumingMemoryBound(to: UInt8.self)) } }
                return out
            }
        } catch let error as WireError {
            refusal?.value = CallError(error)
            throw CallError(error).rpcError
        }
    }
}

/// Decodes a message, after its size is checked.
struct WireDeserializer<Message: WireMessage>: MessageDeserializer {
    /// Bytes.
    let limit: Int
    let unknownFields: UnknownFields
    /// Whose fault a message is that can't be read.
    let malformed: CallStatus

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
        do {
            return try bytes.withUnsafeBytes {
                try checkSize($0.count, limit: limit, of: Message.self)
                return try Message(packed: $0, unknownFields: unknownFields)
            }
        } catch let error as WireError {
            throw CallError(error, malformed: malformed).rpcError
        }
    }
}

private func checkSize<Message: WireMessage>(_ size: Int, limit: Int, of message: Message.Type) throws(WireError) {
    if size > limit { throw WireError(.tooLarge, "\(Message.name) has \(size) bytes; at most \(limit)") }
}

extension CallError {
    init(_ error: WireError, malformed: CallStatus = .invalidArgument) {
        self.init(error.code == .tooLarge ? .resourceExhausted : malformed, error.message)
    }
}

extension Method {
    func requestSerializer(refusal: Last<CallError>) -> WireSerializer<Request> { WireSerializer(limit: requestLimit, refusal: refusal) }
    var responseSerializer: WireSerializer<Response> { WireSerializer(limit: responseLimit) }
    var requestDeserializer: WireDeserializer<Request> {
        WireDeserializer(limit: requestLimit, unknownFields: .refused, malformed: .invalidArgument)
    }
    /// A newer stage may answer more than we asked: what we don't know we didn't need. What it answers wrongly is its own fault, not
    /// the request's.
    var responseDeserializer: WireDeserializer<Response> {
        WireDeserializer(limit: responseLimit, unknownFields: .skipped, malformed: .internalError)
    }
}
