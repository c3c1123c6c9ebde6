import Logging
package import NIOCore
import NIOHPACK
package import NIOHTTP2
package import Wire

/// Stands before gRPC in each call: what a peer may not send is refused here, with its status, for this call alone.
package final class RequestGuard: ChannelDuplexHandler {
    package typealias InboundIn = HTTP2Frame.FramePayload
    package typealias InboundOut = HTTP2Frame.FramePayload
    package typealias OutboundIn = HTTP2Frame.FramePayload
    package typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Phase { case headers, body, refused }

    private let rules: RequestRules
    private let caller: Caller
    private var phase = Phase.headers
    private var intake = MessageIntake(limit: 0)
    private var share = ByteBudget.Share()
    /// The response's headers have gone out.
    private var hasAnswered = false
    /// Ends a request that stops arriving.
    private var silence: Scheduled<Void>?

    package init(rules: RequestRules, caller: Caller) {
        self.rules = rules
        self.caller = caller
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (phase, unwrapInboundIn(data)) {
        case (.refused, _):
            break
        case (.headers, .headers(var frame)):
            if let refusal = rules.refusal(of: frame.headers) { return refuse(refusal, context) }
            phase = .body
            intake = rules.intake(of: frame.headers)
            frame.headers.replaceOrAdd(name: Caller.key, value: caller.encoded)
            context.fireChannelRead(wrapInboundOut(.headers(frame)))
            if !frame.endStream { watch(context) }
        case (.body, .data(let frame)):
            if case .byteBuffer(let bytes) = frame.data, let refusal = count(bytes) { return refuse(refusal, context) }
            context.fireChannelRead(data)
            if frame.endStream || intake.isComplete { silence?.cancel() } else { watch(context) }
        default:
            context.fireChannelRead(data)
        }
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase != .refused else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .data(let frame):
            let written = promise ?? context.eventLoop.makePromise()
            let stream = context.channel
            let ticket = rules.unread.enter(frame.data.readableBytes) { stream.close(promise: nil) }
            written.futureResult.whenComplete { [unread = rules.unread] _ in unread.leave(ticket) }
            context.write(data, promise: written)
        case .headers:
            hasAnswered = true
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        silence?.cancel()
        rules.budget.give(&share)
        context.fireChannelInactive()
    }

    /// Counts what has arrived of the message; a stream of messages holds one at a time.
    private func count(_ bytes: ByteBuffer) -> CallError? {
        if intake.isComplete, intake.isStream { rules.budget.give(&share) }
        if let refusal = intake.take(bytes.readableBytesView) { return refusal }
        guard rules.budget.take(bytes.readableBytes, &share) else {
            return CallError(
                .resourceExhausted, "the requests of this process hold their limit of \(rules.budget.limit) bytes", retryAfter: .seconds(1))
        }
        return nil
    }

    private func watch(_ context: ChannelHandlerContext) {
        silence?.cancel()
        guard !intake.isStream else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        silence = context.eventLoop.scheduleTask(in: RequestRules.silence) {
            let (guardian, context) = bound.value
            guardian.refuse(
                CallError(.deadlineExceeded, "the request has not arrived: nothing came for \(RequestRules.silence.nanoseconds / 1_000_000_000) s"),
                context)
        }
    }

    /// Answers in gRPC's place, and ends the stream.
    private func refuse(_ error: CallError, _ context: ChannelHandlerContext) {
        guard phase != .refused else { return }
        silence?.cancel()
        rules.logger.info("call refused", metadata: ["status": "\(error.status)", "reason": "\(error.message)"])
        var headers = HPACKHeaders(hasAnswered ? [] : [(":status", "200"), ("content-type", "application/grpc")])
        headers.add(contentsOf: error.trailers.map { ($0.key, $0.value) })
        let end = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: headers, endStream: true)))).whenComplete { _ in
            end.value.close(promise: nil)
        }
        phase = .refused
    }
}
