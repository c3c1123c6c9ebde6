package import NIOCore
import NIOTLS

/// Finds out on a connection without TLS whether it begins as HTTP/2 does (RFC 9113 §3.4), and says so as ALPN would.
///
/// A connection that does not say within the limit what it is, or ends before, is closed.
package final class PrefaceDetector: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let limit: TimeAmount
    private var bytes = ByteBuffer()
    private var isDecided = false
    private var timer: Scheduled<Void>?

    package init(limit: TimeAmount) { self.limit = limit }

    package func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) { bound.value.close(promise: nil) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided else { return context.fireChannelRead(data) }
        var new = unwrapInboundIn(data)
        bytes.writeBuffer(&new)
        let isHTTP2 = zip(bytes.readableBytesView, Self.preface).allSatisfy { $0 == $1 }
        guard !isHTTP2 || bytes.readableBytes >= Self.preface.count else { return }
        isDecided = true
        context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: isHTTP2 ? "h2" : nil))
        context.fireChannelRead(wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if !isDecided, event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
    }
}
