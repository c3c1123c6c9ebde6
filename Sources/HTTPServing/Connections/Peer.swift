import NIOCore
import Synchronization

/// Who is at the other end of a connection.
package struct Peer: Sendable {
    /// As in `127.0.0.1`; empty: not known.
    package let address: String
    private let departure: Departure

    init(_ channel: any Channel) async {
        address = channel.remoteAddress?.ipAddress ?? ""
        // A channel whose peer has left has lost its handlers.
        departure = (try? await channel.pipeline.handler(type: Departure.self).get()) ?? Departure(hasLeft: true)
    }

    /// Runs the body; it is cancelled when the peer leaves: closes the connection, or will send nothing more.
    package func whileConnected<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let work = Task { try await body() }
        let watch = onDeparture { work.cancel() }
        defer { watch.end() }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    }

    /// Calls `body` when the peer leaves, at once if it has left; not any more after the watch was ended.
    package func onDeparture(_ body: @escaping @Sendable () -> Void) -> Watch { Watch(departure: departure, id: departure.add(body)) }

    /// See ``onDeparture(_:)``.
    package struct Watch: Sendable {
        fileprivate let departure: Departure
        fileprivate let id: Int

        package func end() { departure.remove(id) }
    }
}

/// Notices, at the end of a connection's pipeline, that the peer leaves.
///
/// Hummingbird's own way to learn of it (`consumeWithCancellationOnInboundClose`) ends the process when the body was read before, or is not read
/// to its end: its source of the body is released unfinished, which NIO takes for a mistake.
final class Departure: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Any

    private struct State {
        var hasLeft = false
        var watches: [Int: @Sendable () -> Void] = [:]
        var last = 0
    }

    private let state: Mutex<State>

    init(hasLeft: Bool = false) { state = Mutex(State(hasLeft: hasLeft)) }

    /// - Returns: what ``remove(_:)`` takes.
    func add(_ watch: @escaping @Sendable () -> Void) -> Int {
        let (id, hasLeft) = state.withLock { state in
            state.last += 1
            if !state.hasLeft { state.watches[state.last] = watch }
            return (state.last, state.hasLeft)
        }
        if hasLeft { watch() }
        return id
    }

    func remove(_ id: Int) { state.withLock { $0.watches[id] = nil } }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        let watches = state.withLock { state in
            state.hasLeft = true
            defer { state.watches = [:] }
            return Array(state.watches.values)
        }
        for watch in watches { watch() }
    }
}
