public import NIOCore

/// On a connection without TLS: notices that the peer answers in TLS.
public final class AlertWatch: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer

    /// The type of TLS's alerts; no frame of HTTP/2 that a server sends first begins so.
    private static let alert: UInt8 = 21

    private let onAlert: @Sendable () -> Void

    public init(onAlert: @escaping @Sendable () -> Void) { self.onAlert = onAlert }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == Self.alert { onAlert() }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
