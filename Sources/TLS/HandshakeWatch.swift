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

    /// With the peer's certificate, where it was received.
    typealias Failure = (error: any Error, certificate: NIOSSLCertificate?)

    private let tell: (@Sendable (Failure?) -> Void)?
    private var isDone = false
    private var timer: Scheduled<Void>?

    /// - Parameter tell: gets nil when the handshake is done, and what fails then or later. Called on the event loop.
    init(tell: (@Sendable (Failure?) -> Void)? = nil) { self.tell = tell }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: Self.limit) {
            let (watch, context) = bound.value
            watch.tell?((HandshakeTimeout(), nil))
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            isDone = true
            timer?.cancel()
            tell?(nil)
        // The process ends: nobody waits for a peer that has not asked for anything yet.
        case is ChannelShouldQuiesceEvent where !isDone: context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tell?((error, try? context.pipeline.syncOperations.nioSSL_peerCertificate()))
        if isDone || tell != nil { context.fireErrorCaught(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }
}

/// A peer did not end its handshake in time.
struct HandshakeTimeout: Error {}
