package import NIOCore

/// Takes RST_STREAM frames out of a connection's bytes, and cancels their calls itself.
///
/// The library ends a connection with more than 200 of them in 30 s, as a guard against floods. A client with many calls that are
/// cancelled, or run into their deadlines, would lose all its others.
final class ResetFilter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var walk = FrameWalk()
    private let connection: AcceptedConnection

    init(_ connection: AcceptedConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        walk.take(unwrapInboundIn(data)) {
            context.fireChannelRead(wrapInboundOut($0))
        } isTaken: {
            connection.cancel($0)
        }
    }
}

/// Finds the RST_STREAM frames in the bytes that a client sends, however they are cut (RFC 9113 §3.4, §4.1, §6.4).
package struct FrameWalk {
    private static let headerSize = 9
    private static let resetType: UInt8 = 3
    private static let resetSize = 4

    /// Bytes that belong to no header: at first the client's preface, then the rest of a frame.
    private var skip = 24
    /// The beginning of a header, or of a reset.
    private var held = ByteBuffer()

    package init() {}

    /// - Parameters:
    ///   - forward: gets all bytes in their order, but for resets that were taken.
    ///   - isTaken: whether the reset of this stream goes no further; asked when all bytes before it have been forwarded.
    package mutating func take(_ bytes: ByteBuffer, forward: (ByteBuffer) -> Void, isTaken: (_ stream: Int) -> Bool) {
        var buffer = bytes
        if held.readableBytes > 0 {
            held.writeImmutableBuffer(bytes)
            swap(&buffer, &held)
            held.clear()
        }
        var walked = 0
        func pass() {
            if walked > 0, let part = buffer.readSlice(length: walked) { forward(part) }
            walked = 0
        }
        while true {
            let step = min(skip, buffer.readableBytes - walked)
            walked += step
            skip -= step
            guard skip == 0, let frame = header(in: buffer, at: buffer.readerIndex + walked) else { break }
            guard frame.type == Self.resetType, frame.size == Self.resetSize else {
                walked += Self.headerSize
                skip = frame.size
                continue
            }
            let whole = Self.headerSize + Self.resetSize
            guard buffer.readableBytes - walked >= whole else { break }
            pass()
            if isTaken(frame.stream) { buffer.moveReaderIndex(forwardBy: whole) } else { walked = whole }
        }
        pass()
        if buffer.readableBytes > 0 { held = buffer }
    }

    private func header(in buffer: ByteBuffer, at index: Int) -> (size: Int, type: UInt8, stream: Int)? {
        guard let bytes = buffer.getBytes(at: index, length: Self.headerSize) else { return nil }
        return (Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2]), bytes[3], bytes[5...8].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff)
    }
}
