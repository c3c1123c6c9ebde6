import HTTPTypes
package import NIOCore
package import NIOHTTPTypes
import NIOHTTP2
import NIOHTTPTypesHTTP2

/// What ``HeadGuard`` is for HTTP/1, for each stream of HTTP/2: what is refused is answered here, and ends its stream alone.
///
/// That fields of a connection (`Transfer-Encoding`, `Connection`), doubled pseudo-fields and bodies of another length than was told are no HTTP/2
/// the library knows. It remains:
/// - 400 `invalid_request`: no authority, or a `Host` beside it that says something else;
/// - 431 `headers_too_large`: more than ``HeadRefusal/fieldLimit`` fields;
/// - what ``HeadRefusal`` refuses in any version.
///
/// `Expect: 100-continue` is answered at once. A request that is answered before its end may go on for ``linger``, then its stream is reset.
package final class StreamGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    /// As in ``HeadGuard``: a reset may take the response from a client that has not read it yet.
    private static let linger = TimeAmount.seconds(2)

    private var isRefused = false
    private var hasRequestEnded = false
    private var lingering: Scheduled<Void>?

    package init() {}

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .end = part {
            hasRequestEnded = true
            lingering?.cancel()
        }
        guard !isRefused else { return }
        guard case .head(var head) = part else { return context.fireChannelRead(data) }
        if let refusal = Self.refusal(of: head) { return refuse(refusal, hasBody: head.method != .head, context) }
        // For those who look there alone.
        head.authority = head.authority ?? Self.hosts(head.headerFields).first
        if head.headerFields[.expect] != nil { context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil) }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isRefused else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .head(var head) = unwrapOutboundIn(data), head.headerFields[.connection] != nil {
            // HTTP/2 has none, and the library would send no head at all.
            head.headerFields[.connection] = nil
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        }
        context.write(data, promise: promise)
        if case .end = unwrapOutboundIn(data) { stopRequest(context) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        lingering?.cancel()
        context.fireChannelInactive()
    }

    /// After the end of the response: RFC 9113 §8.1.
    private func stopRequest(_ context: ChannelHandlerContext) {
        guard !hasRequestEnded else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        lingering = context.eventLoop.scheduleTask(in: Self.linger) {
            bound.value.triggerUserOutboundEvent(NIOHTTP2FramePayloadToHTTPEvent.reset(code: .noError), promise: nil)
        }
    }

    private func refuse(_ refusal: HeadRefusal, hasBody: Bool, _ context: ChannelHandlerContext) {
        isRefused = true
        let bytes = refusal.body
        let fields: HTTPFields = [.contentType: "application/json", .contentLength: "\(bytes.count)"]
        context.write(wrapOutboundOut(.head(HTTPResponse(status: .init(code: refusal.status), headerFields: fields))), promise: nil)
        if hasBody { context.write(wrapOutboundOut(.body(ByteBuffer(bytes: bytes))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        stopRequest(context)
    }

    private static func refusal(of head: HTTPRequest) -> HeadRefusal? {
        let fields = head.headerFields
        guard fields.count <= HeadRefusal.fieldLimit else {
            return HeadRefusal(
                status: 431, code: "headers_too_large",
                message: "the request has \(fields.count) header fields; at most \(HeadRefusal.fieldLimit)")
        }
        let hosts = hosts(fields)
        guard let authority = head.authority ?? hosts.first, hosts.count <= 1, hosts.allSatisfy({ $0 == authority }) else {
            return HeadRefusal(
                status: 400, code: "invalid_request", message: "the request has no authority, or its Host headers say another; it must have one")
        }
        return .of(contentEncodings: values(fields, .contentEncoding), expectations: values(fields, .expect))
    }

    private static func hosts(_ fields: HTTPFields) -> [String] { fields.filter { $0.name.canonicalName == "host" }.map(\.value) }

    private static func values(_ fields: HTTPFields, _ name: HTTPField.Name) -> [String] {
        fields[values: name].flatMap { $0.split(separator: ",") }.map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }
}
