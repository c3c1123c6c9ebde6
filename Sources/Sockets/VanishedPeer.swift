import Glibc
package import NIOCore

/// Closes a TCP connection whose peer's host has vanished: its power or its link is gone, and no packet says so.
///
/// The kernel alone goes on for two hours on an idle connection, and for a quarter of an hour where bytes are on their way. Its
/// `TCP_USER_TIMEOUT` would also end a peer that lives and reads slowly; pings of HTTP/2 wait behind megabytes that a slow link takes its time for,
/// and on the accepting side the library waits for the answer of the dead before it closes. Here neither end has to take part.
/// The first handler of the connection's pipeline, so that TLS does not say goodbye first.
package final class VanishedPeer: ChannelInboundHandler {
    package typealias InboundIn = Any

    /// How long a peer's host may be silent.
    package struct Patience: Sendable {
        /// Of a connection without traffic: until the kernel first asks the peer.
        let idle: TimeAmount
        /// Between two questions, and two looks at what became of them.
        let interval: TimeAmount
        /// Of a peer that was asked.
        let silence: TimeAmount

        package init(idle: TimeAmount, interval: TimeAmount, silence: TimeAmount) {
            self.idle = idle
            self.interval = interval
            self.silence = silence
        }

        /// Of who calls: a dead host is noticed within 15 s. Its calls go elsewhere, so there is no reason to wait for long.
        package static let caller = Patience(idle: .seconds(5), interval: .seconds(1), silence: .seconds(8))
        /// Of a server: within 50 s. A caller whose link comes back in time keeps its request.
        package static let server = Patience(idle: .seconds(10), interval: .seconds(5), silence: .seconds(30))
    }

    /// What the kernel knows of a connection.
    package struct State: Sendable {
        /// Bytes or probes that were sent have no answer yet.
        package let isAsked: Bool
        package let sinceAnswer: TimeAmount

        package init(isAsked: Bool, sinceAnswer: TimeAmount) {
            self.isAsked = isAsked
            self.sinceAnswer = sinceAnswer
        }
    }

    private let patience: Patience
    private let state: (any Channel) -> EventLoopFuture<State>?
    private var silence = PeerSilence()
    private var looks: RepeatedTask?

    /// - Parameter state: of a connection of TCP; nil: it is none.
    package init(_ patience: Patience, state: @escaping (any Channel) -> EventLoopFuture<State>? = State.ofKernel) {
        self.patience = patience
        self.state = state
    }

    package func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { watch(context) } }

    package func channelActive(context: ChannelHandlerContext) {
        watch(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        looks?.cancel()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { looks?.cancel() }

    private func watch(_ context: ChannelHandlerContext) {
        // A socket of this host tells by itself when its peer is gone.
        guard looks == nil, context.channel.remoteAddress?.ipAddress != nil else { return }
        _ = context.channel.setOption(.socketOption(.so_keepalive), value: 1)
        _ = context.channel.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE)), value: patience.idle.seconds)
        _ = context.channel.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL)), value: patience.interval.seconds)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        looks = context.eventLoop.scheduleRepeatedTask(initialDelay: patience.interval, delay: patience.interval) { _ in
            let (watch, context) = bound.value
            watch.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        state(context.channel)?.whenSuccess { state in
            let (watch, context) = bound.value
            let silence = watch.silence.read(isAsked: state.isAsked, sinceAnswer: state.sinceAnswer, now: context.eventLoop.now)
            if silence >= watch.patience.silence { context.close(promise: nil) }
        }
    }
}

extension VanishedPeer.State {
    /// As `TCP_INFO` says.
    package static func ofKernel(_ channel: any Channel) -> EventLoopFuture<VanishedPeer.State>? {
        (channel as? any SocketOptionProvider)?.getTCPInfo().map { info in
            VanishedPeer.State(
                isAsked: info.tcpi_unacked > 0 || info.tcpi_probes > 0, sinceAnswer: .milliseconds(Int64(info.tcpi_last_ack_recv)))
        }
    }
}

extension TimeAmount {
    fileprivate var seconds: Int { Int(nanoseconds / 1_000_000_000) }
}
