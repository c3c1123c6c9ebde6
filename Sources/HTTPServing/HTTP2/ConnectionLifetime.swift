import NIOCore
import NIOHTTP2

/// Ends a connection of HTTP/2 on which nothing is asked: after a while, and at once when the server ends or the connection is old.
///
/// The library's own handler waits for the peer to agree, for as long as that takes. Here a peer that has asked for nothing is closed in any case;
/// GOAWAY tells it which of its requests were seen, so that it may send others again elsewhere.
final class ConnectionLifetime: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let idleLimit: TimeAmount
    private let age: TimeAmount?
    private var context: ChannelHandlerContext?
    private var openStreams = 0
    private var lastStream = HTTP2StreamID.rootStream
    private var isEnding = false
    private var idle: Scheduled<Void>?
    private var aging: Scheduled<Void>?

    /// - Parameter age: after it the peer is told to open another connection; nil: never.
    init(idleLimit: TimeAmount, age: TimeAmount? = nil) {
        self.idleLimit = idleLimit
        self.age = age
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        watch()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        aging = age.map { context.eventLoop.scheduleTask(in: $0) { bound.value.end() } }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idle?.cancel()
        aging?.cancel()
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: end()
        // Who sends nothing more does not take the windows of what it is sent, either: it has left, with all its requests.
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A request that has crossed GOAWAY on its way.
        if error is NIOHTTP2Errors.NoSuchStream { return }
        context.close(promise: nil)
    }

    private func watch() {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(in: idleLimit) { bound.value.close() }
    }

    private func end() {
        isEnding = true
        if openStreams == 0 { close() } else { sayGoodbye() }
    }

    private func sayGoodbye() {
        guard let context else { return }
        let goodbye = HTTP2Frame(streamID: .rootStream, payload: .goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil))
        context.writeAndFlush(wrapOutboundOut(goodbye), promise: nil)
    }

    private func close() {
        sayGoodbye()
        context?.close(promise: nil)
    }

    fileprivate func opened(_ id: HTTP2StreamID) {
        openStreams += 1
        lastStream = max(lastStream, id)
        idle?.cancel()
    }

    fileprivate func closed() {
        openStreams -= 1
        guard openStreams == 0, let context else { return }
        guard isEnding else { return watch() }
        // What ended the stream has been written, and is flushed within this turn.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.close(promise: nil) }
    }
}

extension ConnectionLifetime {
    /// Tells it of streams; the library does so on the connection's event loop.
    struct Streams: NIOHTTP2StreamDelegate {
        private let lifetime: NIOLoopBound<ConnectionLifetime>

        init(_ lifetime: ConnectionLifetime, eventLoop: any EventLoop) { self.lifetime = NIOLoopBound(lifetime, eventLoop: eventLoop) }

        func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { lifetime.value.opened(id) }
        func streamClosed(_ id: HTTP2StreamID, channel: any Channel) { lifetime.value.closed() }
    }
}
