package import NIOCore

/// How long a peer's host has been silent although it was asked for an answer. Decides; the clock is its caller's.
///
/// A peer that reads nothing is not silent: its host answers probes. A link that is slow is not, either: bytes are acknowledged as they come.
package struct PeerSilence: Sendable {
    /// When the peer was first seen asked, or answered since; nil: nothing is asked of it.
    private var begin: NIODeadline?

    package init() {}

    /// Takes what the kernel says now.
    /// - Parameters:
    ///   - isAsked: bytes or probes that were sent have no answer yet.
    ///   - sinceAnswer: time since anything of the peer's acknowledged something.
    /// - Returns: how long the peer owes an answer, as far as was seen.
    package mutating func read(isAsked: Bool, sinceAnswer: TimeAmount, now: NIODeadline) -> TimeAmount {
        guard isAsked else {
            begin = nil
            return .zero
        }
        let silence = max(begin ?? now, now - sinceAnswer)
        begin = silence
        return now - silence
    }
}
