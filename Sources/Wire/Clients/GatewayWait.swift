/// What a client does about a gateway that does not serve yet, or any more: the decisions, with time passed in.
///
/// A gateway is restarted by draining it, ending it and starting another one. Whoever comes meanwhile waits, as long as there are signs of one.
package struct GatewayWait: Sendable {
    /// What was found at the address.
    package enum Sighting: Sendable, Hashable {
        /// It loads its model or starts its stages.
        case starting
        /// It finishes what it has.
        case draining
        /// A process has the address, or something holds its socket open, but nothing answers yet.
        case silent
        /// Nobody is there.
        case absent
    }

    package enum Verdict: Sendable, Hashable {
        /// Look again after a pause; say so first where there is something new to say.
        case wait(say: String?)
        /// There is none.
        case absent
        case failed(String)
    }

    /// For a process that has the address to answer there.
    package static let silence = Duration.seconds(30)
    /// For the next gateway to come after one that was there has gone.
    package static let succession = Duration.seconds(10)

    private let place: String
    private let absence: Duration
    private var lastSign: ContinuousClock.Instant
    private var last: Sighting?

    /// - Parameters:
    ///   - place: the address, for people.
    ///   - absence: how long to wait for one that was never seen.
    ///   - wasSeen: there was one a moment ago.
    package init(_ place: String, absence: Duration, wasSeen: Bool = false, now: ContinuousClock.Instant) {
        self.place = place
        self.absence = absence
        lastSign = now
        last = wasSeen ? .draining : nil
    }

    package mutating func saw(_ sighting: Sighting, now: ContinuousClock.Instant) -> Verdict {
        let silent = lastSign.duration(to: now)
        switch sighting {
        case .starting, .draining:
            lastSign = now
            return wait(sighting, sighting == .starting ? "starts; waiting for it" : "drains; waiting for the next one")
        case .silent:
            guard silent < Self.silence else {
                return .failed("no gateway answers at \(place): a process is there, but has not listened for \(Self.silence.components.seconds) s")
            }
            return wait(last ?? .starting, "starts; waiting for it")
        case .absent where last == .starting:
            return .failed("the gateway at \(place) ended while it started; its log says why")
        case .absent where last == .draining:
            guard silent < Self.succession else {
                return .failed("the gateway at \(place) has ended, and within \(Self.succession.components.seconds) s no other has started")
            }
            return .wait(say: nil)
        case .absent:
            guard silent < absence else { return .absent }
            defer { last = .absent }
            return .wait(say: last == nil ? "nobody listens at \(place); trying again for \(absence.components.seconds) s" : nil)
        }
    }

    /// Each state is told once.
    private mutating func wait(_ state: Sighting, _ words: String) -> Verdict {
        defer { last = state }
        return .wait(say: state == last ? nil : "the gateway at \(place) \(words)")
    }
}
