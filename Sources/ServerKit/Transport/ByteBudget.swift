import Synchronization

/// Bytes of requests that a process holds in sum: those that arrive, wait or are computed.
///
/// Small requests have a share of their own, so that large ones that never end don't shut them out.
package final class ByteBudget: Sendable {
    /// Bytes of a request that count as small.
    package static let small = 64 << 10

    package let limit: Int
    let smallLimit = 64 << 20
    private let held = Mutex((small: 0, large: 0))

    /// - Parameter requestLimit: bytes of the largest request; two such fit, and at least 128 MiB.
    package init(requestLimit: Int) { limit = max(2 * requestLimit, 128 << 20) }

    /// What one request holds of it.
    package struct Share: Sendable, Hashable {
        fileprivate(set) var small = 0
        fileprivate(set) var large = 0
        package init() {}

        package var bytes: Int { small + large }
    }

    /// Counts `bytes` more for a request.
    /// - Returns: whether they fit; if not, nothing is counted.
    package func take(_ bytes: Int, _ share: inout Share) -> Bool {
        let small = min(bytes, max(0, Self.small - share.small))
        let large = bytes - small
        let fits = held.withLock { held in
            guard held.small + small <= smallLimit, held.large + large <= limit else { return false }
            held.small += small
            held.large += large
            return true
        }
        guard fits else { return false }
        share.small += small
        share.large += large
        return true
    }

    /// Counts a request's bytes no more.
    package func give(_ share: inout Share) {
        held.withLock {
            $0.small -= share.small
            $0.large -= share.large
        }
        share = Share()
    }
}
