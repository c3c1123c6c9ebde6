import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypesHTTP2
import NIOTLS
import Sockets
import TLS

/// How a connection is served: in TLS or not, in HTTP/1.1 or in HTTP/2 as the peer has chosen, with the same guards.
///
/// In TLS the peer chooses by ALPN, else by how it begins. Hummingbird's own channel of HTTP/2 has no bounds to set, and keeps an idle connection
/// whose peer is silent; so this takes its parts.
struct Connection: ServerChildChannel {
    enum Version: Sendable {
        case http1(HTTP1Channel.Value)
        /// Each stream is a connection with one request.
        case http2(NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP1Channel.Value>)
    }

    struct Value: ServerChildChannelValue {
        let version: EventLoopFuture<Version>
        let channel: any Channel
    }

    private let http1: HTTP1Channel
    private let tls: ServerTLS?
    private let idleLimit: TimeAmount
    private let age: @Sendable () -> Duration?

    /// Bytes of all fields of a request's head in HTTP/1, and of one.
    private static let headLimits = (all: 32 << 10, field: 16 << 10)

    /// - Parameter age: how old a new connection may become; nil: any age.
    init(tls: ServerTLS?, idleLimit: TimeAmount, age: @escaping @Sendable () -> Duration?, responder: @escaping HTTPChannelHandler.Responder) {
        self.tls = tls
        self.idleLimit = idleLimit
        self.age = age
        http1 = HTTP1Channel(
            responder: responder,
            configuration: .init(
                additionalChannelHandlers: [HeadGuard.Installer(age: age()), StalledReader(), Departure()], idleTimeout: idleLimit,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Self.headLimits.field, maxHeaderListSize: Self.headLimits.all,
                    maxHeaderFieldCount: HeadRefusal.fieldLimit)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Version> { [self] result in
                guard result == .negotiated("h2") else { return http1.setup(channel: channel, logger: logger).map { .http1($0) } }
                return channel.eventLoop.makeCompletedFuture { .http2(try setupHTTP2(channel, logger)) }
            }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(negotiation)
            if let tls { try tls.secure(channel) } else { try pipeline.addHandler(PrefaceDetector(limit: idleLimit), position: .first) }
            try pipeline.addHandlers([Newcomer(), VanishedPeer(.server)], position: .first)
            return Value(version: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    /// The library's own bounds hold: 100 requests at a time, 16 KiB of a head, 64 KiB of a body that nobody has read yet, 200 resets in 30 s.
    private func setupHTTP2(_ channel: any Channel, _ logger: Logger) throws -> NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP1Channel.Value> {
        let lifetime = ConnectionLifetime(idleLimit: idleLimit, age: age().map { TimeAmount($0) })
        let streams = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
            mode: .server, streamDelegate: ConnectionLifetime.Streams(lifetime, eventLoop: channel.eventLoop)
        ) { [idleLimit] stream in
            stream.eventLoop.makeCompletedFuture {
                let pipeline = stream.pipeline.syncOperations
                try pipeline.addHandlers(HTTP2FramePayloadToHTTPServerCodec(), StreamGuard(), StalledReader(), Departure())
                try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: Duration(idleLimit), logger: logger))
                return try HTTP1Channel.Value(wrappingChannelSynchronously: stream)
            }
        }
        try channel.pipeline.syncOperations.addHandler(lifetime)
        return streams
    }

    func handle(value: Value, logger: Logger) async {
        // One that ends before it has begun has asked for nothing.
        guard let version = try? await value.version.get() else { return }
        switch version {
        case .http1(let connection): await http1.handle(value: connection, logger: logger)
        case .http2(let streams):
            await withDiscardingTaskGroup { group in
                do {
                    for try await stream in streams.inbound { group.addTask { await http1.handle(value: stream, logger: logger) } }
                } catch {
                    logger.debug("HTTP/2 connection failed", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
