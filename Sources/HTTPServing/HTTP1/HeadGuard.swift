package import NIOCore
package import NIOHTTP1

/// Stands between NIO's HTTP/1 decoder and Hummingbird: requests whose head leaves open where they end, for whom they are or what they wait for
/// are refused here, and their connection is closed.
///
/// Hummingbird would serve them. Its types know no version, and take the first of two `Host` for the only one. A handler runs as soon as there is
/// a head: one with `Transfer-Encoding: xchunked` passes for a request without a body, since only after it does the parser find that the body has no
/// known end; what a proxy takes for its body is then not what is read here. Nobody answers `Expect`, so that clients wait for a second or more
/// before they send. What is refused gets, in its turn after the responses to earlier requests:
/// - 400 `invalid_request`: no `Host` in HTTP/1.1, or more than one in any version;
/// - 501 `unsupported_transfer_encoding`: a `Transfer-Encoding` other than `chunked` once;
/// - what ``HeadRefusal`` refuses in any version.
///
/// A request that is answered before all of it has come is its connection's last, too: what it still sends is read for ``linger`` and dropped.
///
/// `Expect: 100-continue` in HTTP/1.1 is answered at once. A request in HTTP/1.0, and one with `Connection: close`, is its connection's last: the
/// response says so, in HTTP/1.0 without chunks, and ends with the connection. So is the first request after the connection's greatest age.
///
/// To be installed by ``Installer``.
package final class HeadGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    /// For how long what the peer still sends is read and dropped after the last response. With unread bytes a close becomes a reset, which may
    /// take the response from it.
    private static let linger = TimeAmount.seconds(2)

    private enum Intake {
        case open
        /// The rest of the request that is being read passes.
        case last
        case dropped
    }

    /// A request that was passed on, until its response has ended.
    private struct Exchange {
        let expectsContinue: Bool
        var isLast: Bool
        let isOld: Bool
    }

    private let age: TimeAmount?
    /// From when on a request is the last.
    private var retirement: NIODeadline?
    private var intake = Intake.open
    /// Of a request that was passed on the end has not come.
    private var isReading = false
    private var exchanges: [Exchange] = []
    /// Waits for the responses to earlier requests. A response to HEAD has no body.
    private var refusal: (HeadRefusal, hasBody: Bool)?
    /// The last response has been written.
    private var isAnswered = false
    private var hasInputEnded = false
    /// Runs from when the output is closed.
    private var closing: Scheduled<Void>?

    /// - Parameter age: greatest age of the connection; nil: none.
    package init(age: Duration? = nil) { self.age = age.map { TimeAmount($0) } }

    package func handlerAdded(context: ChannelHandlerContext) { retirement = age.map { context.eventLoop.now + $0 } }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else {
            if case .end = unwrapInboundIn(data) { isReading = false }
            if intake != .dropped { context.fireChannelRead(data) }
            return
        }
        guard intake == .open else {
            intake = .dropped
            return
        }
        if let refusal = Self.refusal(of: head) {
            intake = .dropped
            self.refusal = (refusal, hasBody: head.method != .HEAD)
            if exchanges.isEmpty { beginNext(context) }
            return
        }
        let isOld = head.version.minor == 0
        let isRetiring = retirement.map { $0 <= context.eventLoop.now } ?? false
        let exchange = Exchange(
            expectsContinue: !isOld && head.headers.contains(name: "expect"), isLast: isOld || !head.isKeepAlive || isRetiring, isOld: isOld)
        if exchange.isLast { intake = .last }
        exchanges.append(exchange)
        isReading = true
        if exchanges.count == 1 { beginNext(context) }
        context.fireChannelRead(data)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isAnswered else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .head = unwrapOutboundIn(data), exchanges.count == 1, isReading {
            exchanges[0].isLast = true
            intake = .dropped
        }
        switch (unwrapOutboundIn(data), exchanges.first) {
        case (.head(var head), let exchange?) where exchange.isLast:
            head.headers.replaceOrAdd(name: "connection", value: "close")
            if exchange.isOld {
                head.version = .http1_0
                head.headers.remove(name: "transfer-encoding")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case (.end, let exchange?):
            exchanges.removeFirst()
            guard !exchange.isLast else { return finish(data, context, promise) }
            context.write(data, promise: promise)
            beginNext(context)
        default:
            context.write(data, promise: promise)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        guard event as? ChannelEvent == .inputClosed else { return }
        hasInputEnded = true
        if closing != nil { context.close(promise: nil) }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder's, about what is dropped.
        if intake != .dropped, !isAnswered { context.fireErrorCaught(error) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        closing?.cancel()
        context.fireChannelInactive()
    }

    /// Once all earlier responses have ended.
    private func beginNext(_ context: ChannelHandlerContext) {
        if let exchange = exchanges.first {
            guard exchange.expectsContinue else { return }
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        } else if let (refusal, hasBody) = refusal {
            refuse(refusal, hasBody, context)
        }
    }

    /// Writes the end of the last response, then closes: first the output, the input when the peer ends it or after ``linger``.
    private func finish(_ end: NIOAny, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        isAnswered = true
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let (guardian, context) = bound.value
            guard !guardian.hasInputEnded, context.channel.isActive else { return context.close(promise: nil) }
            guardian.closing = context.eventLoop.scheduleTask(in: Self.linger) { bound.value.1.close(promise: nil) }
            context.close(mode: .output, promise: nil)
        }
        context.writeAndFlush(end, promise: written)
    }

    private func refuse(_ refusal: HeadRefusal, _ hasBody: Bool, _ context: ChannelHandlerContext) {
        let bytes = refusal.body
        let headers: HTTPHeaders = ["content-type": "application/json", "content-length": "\(bytes.count)", "connection": "close"]
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: refusal.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if hasBody { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil) }
        finish(wrapOutboundOut(.end(nil)), context, nil)
    }

    private static func refusal(of head: HTTPRequestHead) -> HeadRefusal? {
        let hosts = head.headers["host"].count
        guard hosts == 1 || hosts == 0 && head.version.minor == 0 else {
            return HeadRefusal(status: 400, code: "invalid_request", message: "the request has \(hosts) Host headers; it must have one")
        }
        let codings = head.headers["transfer-encoding"]
        guard codings.isEmpty || codings.map({ $0.lowercased() }) == ["chunked"] else {
            return HeadRefusal(
                status: 501, code: "unsupported_transfer_encoding",
                message: "the Transfer-Encoding is \(HeadRefusal.shown(codings)); only 'chunked' is understood")
        }
        return .of(
            contentEncodings: head.headers[canonicalForm: "content-encoding"].map(String.init),
            expectations: head.headers[canonicalForm: "expect"].map(String.init))
    }
}

extension HeadGuard {
    /// Puts a ``HeadGuard`` behind the decoder, where there are versions and all headers still. Hummingbird's `additionalChannelHandlers` stand
    /// further back, where its own types have replaced them; this one of them lets everything pass.
    package final class Installer: ChannelInboundHandler, RemovableChannelHandler {
        package typealias InboundIn = Any

        private let age: Duration?

        package init(age: Duration? = nil) { self.age = age }

        package func handlerAdded(context: ChannelHandlerContext) {
            do {
                let pipeline = context.pipeline.syncOperations
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                try pipeline.addHandler(HeadGuard(age: age), position: .after(decoder))
            } catch {
                // No connection without a guard.
                context.fireErrorCaught(error)
                context.close(promise: nil)
            }
        }
    }
}
