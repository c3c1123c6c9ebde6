public import NIOCore

/// On a connection without TLS: notices that the peer answers in TLS.
public final class AlertWatch: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer

    /// The type of TLS's alerts; no frame of HTTP/2 that a server sends first begins so.
    private static let alert: UInt8 = 21

    private let tell: @Sendable (_ isTLS: Bool) -> Void

    /// - Parameter tell: called once, with the peer's first bytes.
    public init(tell: @escaping @Sendable (_ isTLS: Bool) -> Void) { self.tell = tell }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        tell(bytes.getInteger(at: bytes.readerIndex) == Self.alert)
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
