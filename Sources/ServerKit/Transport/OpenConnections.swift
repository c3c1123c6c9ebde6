import Foundation
import Logging
import NIOCore
import Synchronization

/// The connections that a process holds: how many at a time, each takes a descriptor, and what its calls take comes to that; and their end.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isOver = false
        /// When a refusal was last told in the log.
        var lastTold: ContinuousClock.Instant?
    }

    /// Connections, whatever the process may open.
    static let most = 4096

    let limit: Int
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter descriptors: that the process may have open; a quarter, at least 48, is left for everything else: stages, files.
    init(descriptors: Int, logger: Logger) {
        limit = min(Self.most, max(8, descriptors - max(48, descriptors / 4)))
        self.logger = logger
    }

    /// Keeps the connection until it closes.
    /// - Returns: whether there is room for it.
    func take(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let (isTaken, isNews) = state.withLock { state in
            if state.isOver { return (false, false) }
            if state.channels.count < limit {
                state.channels[id] = channel
                return (true, false)
            }
            let now = ContinuousClock.now
            if let last = state.lastTold, last.duration(to: now) <= .seconds(60) { return (false, false) }
            state.lastTold = now
            return (false, true)
        }
        if isTaken { channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.channels[id] = nil } } }
        if isNews { logger.warning("connections are refused", metadata: ["limit": "\(limit)"]) }
        return isTaken
    }

    /// Closes all of them, with whatever runs on them, and refuses others from now on.
    ///
    /// So ends a server, never by the cancellation of its tasks: NIO traps on a connection, or a stream of one, that comes for a task which no
    /// longer takes it (swift-nio, issue 2637). Of a closed connection nothing comes.
    func closeAll() {
        let channels = state.withLock { state in
            state.isOver = true
            return state.channels.values.map(\.self)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}

/// Descriptors that a process may have open.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one, as servers do, up to 65,536: the kernel's default of 1,024 is for programs that use `select`.
    /// - Returns: the limit from now on.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let wanted = min(limit.rlim_max, 65_536)
        if limit.rlim_cur < wanted {
            let raised = rlimit(rlim_cur: wanted, rlim_max: limit.rlim_max)
            if withUnsafePointer(to: raised, { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), $0) }) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
