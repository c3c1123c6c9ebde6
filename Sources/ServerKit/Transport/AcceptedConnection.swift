import Glibc
import NIOCore
import NIOHTTP2
import Wire

/// One accepted connection: who is at its other end, how much metadata its calls may have, and how old it may become.
final class AcceptedConnection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Bytes of headers, counted as RFC 9113 §6.5.2 does, above which the connection is closed. The library's own limit of 16 KiB closes
    /// it too, for all of its calls; ``RequestHeaders`` keeps that limit, and refuses the one call.
    private static let headerListLimit = 4 << 20

    private let isCertified: Bool
    private let age: TimeAmount?
    private var aging: Scheduled<Void>?

    /// - Parameters:
    ///   - isCertified: no call comes before the peer has shown a certificate that was verified.
    ///   - age: after it the peer is asked to open another connection; nil: never.
    init(isCertified: Bool, age: Duration? = nil) {
        self.isCertified = isCertified
        self.age = age.map { TimeAmount($0) }
    }

    /// Known once the connection is active.
    private(set) var caller = Caller.none

    /// As the kernel fills it for `SO_PEERCRED`.
    private struct Credentials {
        var process: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }

    func channelActive(context: ChannelHandlerContext) {
        identify(context.channel)
        context.fireChannelActive()
        // After the library's own settings.
        let settings = [HTTP2Setting(parameter: .maxHeaderListSize, value: Self.headerListLimit)]
        context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: .settings(.settings(settings)))), promise: nil)
        guard let age else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        aging = context.eventLoop.scheduleTask(in: age) { Self.retire(bound.value) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        aging?.cancel()
        context.fireChannelInactive()
    }

    /// Has the library send GOAWAY, and close once the last call has ended. Its own greatest age is the same for all connections.
    private static func retire(_ context: ChannelHandlerContext) {
        // From behind the codec: the calls themselves would take the event for the end of their caller.
        let codec = try? context.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
        codec?.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }

    private func identify(_ channel: any Channel) {
        switch channel.remoteAddress {
        case let address? where isCertified && address.ipAddress != nil: caller = Caller(identity: "tls:\(address.ipAddress ?? "")")
        case .v4(let address): caller = Caller(identity: "ipv4:\(address.host)")
        case .v6(let address): caller = Caller(identity: "ipv6:\(address.host)")
        default:
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            let credentials: EventLoopFuture<Credentials>? = (channel as? any SocketOptionProvider)?
                .unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
            credentials?.whenSuccess {
                // A TCP peer that has left already has no address; the kernel names no user for it, and it is no operator.
                guard $0.user != uid_t.max else { return }
                bound.value.caller = Caller(identity: "unix:\($0.user)/\($0.process)")
            }
        }
    }
}
