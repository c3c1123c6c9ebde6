import Foundation
import Logging
import Synchronization

/// How many connections a process holds at a time: each takes a descriptor, and what its calls take comes to that.
final class ConnectionBudget: Sendable {
    /// Connections, whatever the process may open.
    static let most = 4096

    let limit: Int
    private let logger: Logger
    private let held = Atomic(0)
    /// When a refusal was last told in the log.
    private let lastTold = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameter descriptors: that the process may have open; a quarter, at least 48, is left for everything else: stages, files.
    init(descriptors: Int, logger: Logger) {
        limit = min(Self.most, max(8, descriptors - max(48, descriptors / 4)))
        self.logger = logger
    }

    /// - Returns: whether there is room for one more.
    func take() -> Bool {
        if held.add(1, ordering: .relaxed).newValue <= limit { return true }
        held.subtract(1, ordering: .relaxed)
        let now = ContinuousClock.now
        let isNews = lastTold.withLock { last in
            guard last.map({ $0.duration(to: now) > .seconds(60) }) ?? true else { return false }
            last = now
            return true
        }
        if isNews { logger.warning("connections are refused", metadata: ["limit": "\(limit)"]) }
        return false
    }

    func give() { held.subtract(1, ordering: .relaxed) }
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
