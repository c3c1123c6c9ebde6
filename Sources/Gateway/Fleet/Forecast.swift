package import Domain

/// How long requests take, learnt from those that were done: moving means, without clocks.
package struct Forecast: Sendable {
    /// What one request asks of one kind of stage, in units that cost about the same: tokens, steps × pixels, pictures.
    package typealias Units = Double

    private struct Mean: Sendable {
        var value: Double
        var count: Int

        mutating func add(_ sample: Double) {
            count += 1
            value += (sample - value) / Double(min(count, 8))
        }
    }

    private var perUnit: [StageKind: Mean] = [:]
    private var perRequest: [StageKind: Mean] = [:]

    package init() {}

    package mutating func learn(_ kind: StageKind, _ units: Units, seconds: Double) {
        guard units > 0 else { return }
        perUnit[kind, default: Mean(value: 0, count: 0)].add(seconds / units)
        perRequest[kind, default: Mean(value: 0, count: 0)].add(seconds)
    }

    /// One request in a slot, a moving mean; 0: none yet.
    package func seconds(_ kind: StageKind) -> Double { perRequest[kind]?.value ?? 0 }

    /// One request of so many units in a slot; nil before three were done.
    package func seconds(_ kind: StageKind, _ units: Units) -> Double? {
        guard let mean = perUnit[kind], mean.count >= 3 else { return nil }
        return mean.value * units
    }

    /// Seconds until a request that arrives now is done.
    /// - Parameters:
    ///   - units: what it asks of each kind of stage that it needs.
    ///   - ahead: requests before it that still need the kind.
    ///   - slots: of all stages of the kind that serve.
    /// - Returns: nil when nothing is known yet.
    package func finish(_ units: [StageKind: Units], ahead: (StageKind) -> Int, slots: (StageKind) -> Int) -> Double? {
        var own = 0.0, wait = 0.0
        for (kind, units) in units {
            guard let each = seconds(kind, units) else { return nil }
            own += each
            // The stages work beside each other: the slowest line decides how long the wait is.
            let before = Double(max(0, ahead(kind) - slots(kind) + 1)) / Double(max(slots(kind), 1))
            wait = max(wait, before * seconds(kind))
        }
        return own + wait
    }
}
