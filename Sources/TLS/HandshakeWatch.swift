import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind TLS in a pipeline: a handshake that takes too long ends with its connection, and one that fails is told to whoever wants to know.
///
/// A server is asked for handshakes by anybody, with anything: its failures are told nobody.
final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    static let limit = TimeAmount.seconds(10)

    private let onFailure: (@Sendable (any Error, NIOSSLCertificate?) -> Void)?
    private var isDone = false
    private var timer: Scheduled<Void>?

    /// - Parameter onFailure: gets the peer's certificate, too, where it was received. Called on the event loop.
    init(onFailure: (@Sendable (any Error, NIOSSLCertificate?) -> Void)? = nil) { self.onFailure = onFailure }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: Self.limit) {
            let (watch, context) = bound.value
            watch.onFailure?(HandshakeTimeout(), nil)
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            isDone = true
            timer?.cancel()
        // The process ends: nobody waits for a peer that has not asked for anything yet.
        case is ChannelShouldQuiesceEvent where !isDone: context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        onFailure?(error, try? context.pipeline.syncOperations.nioSSL_peerCertificate())
        if isDone || onFailure != nil { context.fireErrorCaught(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }
}

/// A peer did not end its handshake in time.
struct HandshakeTimeout: Error {}
