package import Domain
package import Wire

/// What a request still has to have computed, and until when: whether a slot is of use to it, with time passed in.
package struct Remainder: Sendable, Hashable {
    /// Of this kind of stage and of those after it.
    package var units: [StageKind: Forecast.Units]
    /// The caller's.
    package var deadline: ContinuousClock.Instant?

    package init(units: [StageKind: Forecast.Units] = [:], deadline: ContinuousClock.Instant? = nil) {
        self.units = units
        self.deadline = deadline
    }

    /// After it the rest can't be done in time; nil: there is no deadline.
    package func latestStart(_ forecast: Forecast, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        deadline.map { $0 - .seconds(forecast.need(units, now: now)?.seconds ?? 0) }
    }

    /// Why the request is not given the slot whose turn it is; nil: it is.
    /// - Parameter othersWait: for the same slot: one that would barely make it is refused for those that will, since work that ends too late is
    ///   lost for everybody. A slot that nobody else waits for costs nobody anything.
    package func refusal(_ forecast: Forecast, othersWait: Bool, now: ContinuousClock.Instant) -> CallError? {
        guard let deadline else { return nil }
        let need = forecast.need(units, now: now) ?? Forecast.Need()
        let left = now.duration(to: deadline).inSeconds
        guard left <= 0 || left < (othersWait ? need.bound : need.seconds) else { return nil }
        return lateness(forecast, now: now)
    }

    /// The deadline can't be met any more.
    package func lateness(_ forecast: Forecast, now: ContinuousClock.Instant) -> CallError {
        let left = deadline.map { max(0, now.duration(to: $0).inSeconds) } ?? 0
        guard let need = forecast.need(units, now: now), need.seconds > 0 else {
            return CallError(.deadlineExceeded, "the deadline passed while the request waited for a stage")
        }
        let seconds = Forecast.text(need.seconds), bound = Forecast.text(need.bound)
        return CallError(
            .deadlineExceeded,
            "the deadline can't be met: what is left to compute takes \(seconds == bound ? "about \(seconds)" : "\(seconds) to \(bound)"), "
                + "the deadline is in \(Forecast.text(left))")
    }
}
