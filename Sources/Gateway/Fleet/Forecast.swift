package import Domain

/// How long requests take, learnt from those that were done: moving means, with time passed in.
package struct Forecast: Sendable {
    /// What one request asks of one kind of stage, in units that cost about the same: tokens, steps × pixels, pictures.
    package typealias Units = Double

    /// Requests that are before another at a kind of stage.
    package struct Line: Sendable, Hashable {
        package private(set) var requests = 0
        package private(set) var units: Units = 0

        package init() {}

        package mutating func add(_ units: Units) {
            requests += 1
            self.units += units
        }
    }

    /// What requests of one kind of stage took.
    private struct Pace: Sendable {
        var perUnit = 0.0
        /// How far from the mean they are, in the mean.
        var deviation = 0.0
        var perRequest = 0.0
        var count = 0
        var last: ContinuousClock.Instant

        mutating func add(_ units: Units, _ seconds: Double, _ now: ContinuousClock.Instant) {
            count += 1
            last = now
            let weight = 1 / Double(min(count, 8)), sample = seconds / units
            if count > 1 { deviation += (abs(sample - perUnit) - deviation) * weight }
            perUnit += (sample - perUnit) * weight
            perRequest += (seconds - perRequest) * weight
        }

        /// Nothing was learnt for so long that it says nothing of now: what it would refuse is let in, and shows.
        func isOld(_ now: ContinuousClock.Instant) -> Bool { last.duration(to: now) > max(.seconds(60), .seconds(10 * perRequest)) }
    }

    private var paces: [StageKind: Pace] = [:]

    package init() {}

    package mutating func learn(_ kind: StageKind, _ units: Units, seconds: Double, now: ContinuousClock.Instant) {
        guard units > 0 else { return }
        var pace = paces[kind] ?? Pace(last: now)
        if pace.isOld(now) { pace = Pace(last: now) }
        pace.add(units, seconds, now)
        paces[kind] = pace
    }

    /// One request in a slot, a moving mean; 0: none yet.
    package func seconds(_ kind: StageKind) -> Double { paces[kind]?.perRequest ?? 0 }

    /// A request's own computation, without waiting.
    package struct Need: Sendable, Hashable {
        /// In the mean.
        package var seconds = 0.0
        /// Few requests take more.
        package var bound = 0.0
    }

    /// What so many units of each kind of stage take; nil before three requests of each kind were done, and when the last was long ago.
    package func need(_ units: [StageKind: Units], now: ContinuousClock.Instant) -> Need? {
        var need = Need()
        for (kind, units) in units {
            guard let pace = paces[kind], pace.count >= 3, !pace.isOld(now) else { return nil }
            need.seconds += pace.perUnit * units
            need.bound += (pace.perUnit + 2 * pace.deviation) * units
        }
        return need
    }

    /// Seconds until a request that arrives now is done.
    /// - Parameters:
    ///   - units: what it asks of each kind of stage that it needs.
    ///   - ahead: what is before it.
    ///   - slots: of all stages of the kind that serve.
    /// - Returns: nil when nothing is known yet.
    package func finish(_ units: [StageKind: Units], ahead: [StageKind: Line], slots: (StageKind) -> Int, now: ContinuousClock.Instant) -> Double? {
        guard let need = need(units, now: now) else { return nil }
        // The stages work beside each other: the slowest line decides how long the wait is.
        let waits = units.keys.map { kind in ahead[kind].map { wait($0, kind, slots: slots(kind)) } ?? 0 }
        return need.seconds + (waits.max() ?? 0)
    }

    /// Until one of the slots is free: all but the requests that are done last beside each other.
    private func wait(_ line: Line, _ kind: StageKind, slots: Int) -> Double {
        guard line.requests > 0 else { return 0 }
        let before = Double(max(0, line.requests - slots + 1)) / Double(line.requests)
        return line.units * before / Double(max(slots, 1)) * (paces[kind]?.perUnit ?? 0)
    }

    /// For people.
    package static func text(_ seconds: Double) -> String {
        seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(min(seconds, 1e9).rounded())) s"
    }
}
