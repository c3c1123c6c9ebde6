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

    /// The stages have nothing else to compute.
    private var alone: [StageKind: Double] { units.mapValues { _ in 1 } }

    /// After it the rest can't be done in time, not even by stages that have nothing else to compute; nil: there is no deadline.
    package func latestStart(_ forecast: Forecast, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        deadline.map { $0 - .seconds(forecast.need(units, beside: alone, now: now)?.seconds ?? 0) }
    }

    /// Why the request is not given the slot whose turn it is; nil: it is.
    /// - Parameters:
    ///   - othersLose: others wait for the same slot, or compute beside it: one that would barely make it is refused for those that will, since
    ///     work that ends too late is lost for everybody. A slot that takes nothing from anybody costs nobody anything.
    ///   - beside: requests that the stages compute at the same time; see ``Forecast/need(_:beside:now:)``.
    package func refusal(_ forecast: Forecast, othersLose: Bool, beside: [StageKind: Double] = [:], now: ContinuousClock.Instant) -> CallError? {
        guard let deadline else { return nil }
        let need = forecast.need(units, beside: beside, now: now) ?? Forecast.Need()
        let left = now.duration(to: deadline).inSeconds
        guard left <= 0 || left < (othersLose ? need.bound : need.seconds) else { return nil }
        return lateness(forecast, beside: beside, now: now)
    }

    /// The deadline can't be met any more.
    package func lateness(_ forecast: Forecast, beside: [StageKind: Double] = [:], now: ContinuousClock.Instant) -> CallError {
        let left = deadline.map { max(0, now.duration(to: $0).inSeconds) } ?? 0
        guard let need = forecast.need(units, beside: beside, now: now), need.seconds > 0 else {
            return CallError(.deadlineExceeded, "the deadline passed while the request waited for a stage")
        }
        let seconds = Forecast.text(need.seconds), bound = Forecast.text(need.bound)
        return CallError(
            .deadlineExceeded,
            "the deadline can't be met: what is left to compute takes \(seconds == bound ? "about \(seconds)" : "\(seconds) to \(bound)"), "
                + "the deadline is in \(Forecast.text(left))")
    }
}
