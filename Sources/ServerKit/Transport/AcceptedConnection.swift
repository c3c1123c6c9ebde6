import Glibc
package import NIOCore
package import NIOHTTP2
package import Wire

/// One accepted connection: who is at its other end, and how much metadata its calls may have.
package final class AcceptedConnection: ChannelInboundHandler {
    package typealias InboundIn = HTTP2Frame
    package typealias OutboundOut = HTTP2Frame

    /// Bytes of headers, counted as RFC 9113 §6.5.2 does, above which the connection is closed. The library's own limit of 16 KiB closes
    /// it too, for all of its calls; ``RequestHeaders`` keeps that limit, and refuses the one call.
    private static let headerListLimit = 4 << 20

    /// Resets in ten seconds that are taken from the library; it ends the connection for more than a few beyond them.
    private static let resetLimit = 5000

    /// Known once the connection is active.
    private(set) var caller: Caller
    /// Calls under way, by stream.
    private var calls: [Int: RequestGuard] = [:]
    private var resets = (count: 0, since: NIODeadline.now())

    package init(caller: Caller = .none) { self.caller = caller }

    /// As the kernel fills it for `SO_PEERCRED`.
    private struct Credentials {
        var process: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }

    package func channelActive(context: ChannelHandlerContext) {
        identify(context.channel)
        context.fireChannelActive()
        // After the library's own settings.
        let settings = [HTTP2Setting(parameter: .maxHeaderListSize, value: Self.headerListLimit)]
        context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: .settings(.settings(settings)))), promise: nil)
    }

    private func identify(_ channel: any Channel) {
        switch channel.remoteAddress {
        case .v4(let address): caller = Caller(identity: "ipv4:\(address.host)")
        case .v6(let address): caller = Caller(identity: "ipv6:\(address.host)")
        default:
            let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
            let credentials: EventLoopFuture<Credentials>? = (channel as? any SocketOptionProvider)?
                .unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
            credentials?.whenSuccess { bound.value.caller = Caller(identity: "unix:\($0.user)/\($0.process)") }
        }
    }

    func opened(_ call: RequestGuard, stream: Int) { calls[stream] = call }

    func closed(stream: Int) { calls[stream] = nil }

    /// The caller has left a call.
    /// - Returns: whether it is being cancelled without the library.
    func cancel(_ stream: Int) -> Bool {
        let now = NIODeadline.now()
        if now - resets.since > .seconds(10) { resets = (0, now) }
        resets.count += 1
        return resets.count <= Self.resetLimit && calls[stream]?.cancel() ?? false
    }
}
