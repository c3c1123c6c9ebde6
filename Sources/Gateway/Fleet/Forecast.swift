package import Domain

/// How long requests take, learnt from those that were done: moving means, with time passed in.
///
/// A stage that computes several requests together takes longer for each. So a mean belongs to a number of requests that were computed together:
/// with fewer, a request is expected to take proportionally less; with more, as long as the mean. Both are the least that it can take, if a step
/// costs some time for itself and some for each request. A forecast that is too short corrects itself, since it lets requests in; one that is too
/// long would refuse the requests that could show it.
package struct Forecast: Sendable {
    /// What one request asks of one kind of stage, in units that cost about the same: tokens, steps × pixels, pictures.
    package typealias Units = Double

    /// Requests that are before another at a kind of stage.
    package struct Line: Sendable, Hashable {
        package let requests: Int
        package let units: Units

        package init(requests: Int = 0, units: Units = 0) {
            self.requests = requests
            self.units = units
        }
    }

    /// What requests of one kind of stage took.
    private struct Pace: Sendable {
        var size = RequestSize()
        var units = 0.0
        var perRequest = 0.0
        /// How far from what was expected they are, in the mean, as a share of it.
        var deviation = 0.0
        /// Requests that the stage computed at the same time, each itself included.
        var beside = 0.0
        var count = 0
        var last: ContinuousClock.Instant

        mutating func add(_ units: Units, _ seconds: Double, _ beside: Double, _ now: ContinuousClock.Instant) {
            count += 1
            last = now
            let weight = 1 / Double(min(count, 8))
            let expected = self.seconds(Line(requests: 1, units: units))
            if count > 1, expected > 0 { deviation += (abs(seconds / expected - 1) - deviation) * weight }
            size.add(units, seconds)
            self.units += (units - self.units) * weight
            perRequest += (seconds - perRequest) * weight
            self.beside += (max(beside, 1) - self.beside) * weight
        }

        /// What so many requests take, one after the other.
        func seconds(_ line: Line) -> Double {
            let mean = size.cost(Line(requests: 1, units: units))
            return mean > 0 ? perRequest * size.cost(line) / mean : 0
        }

        /// How a request beside so many, itself included, compares with the mean.
        func share(_ beside: Double?) -> Double { beside.map { min(1, max($0, 1) / self.beside) } ?? 1 }

        /// Nothing was learnt for so long that it says nothing of now: what it would refuse is let in, and shows.
        func isOld(_ now: ContinuousClock.Instant) -> Bool { last.duration(to: now) > max(.seconds(60), .seconds(10 * perRequest)) }
    }

    private var paces: [StageKind: Pace] = [:]

    package init() {}

    /// - Parameter beside: requests that the stage computed at the same time, this one included.
    package mutating func learn(_ kind: StageKind, _ units: Units, seconds: Double, beside: Double = 1, now: ContinuousClock.Instant) {
        guard units > 0 else { return }
        var pace = paces[kind] ?? Pace(last: now)
        if pace.isOld(now) { pace = Pace(last: now) }
        pace.add(units, seconds, beside, now)
        paces[kind] = pace
    }

    /// A request was cut off after so long: it teaches something where that is longer than was expected.
    package mutating func learnCut(_ kind: StageKind, _ units: Units, seconds: Double, beside: Double = 1, now: ContinuousClock.Instant) {
        guard let need = need([kind: units], beside: [kind: beside], now: now), seconds > need.seconds else { return }
        learn(kind, units, seconds: seconds, beside: beside, now: now)
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
    /// - Parameter beside: requests that a stage of the kind computes at the same time, this one included; a kind that is not there: as many
    ///   as in the mean.
    package func need(_ units: [StageKind: Units], beside: [StageKind: Double] = [:], now: ContinuousClock.Instant) -> Need? {
        var need = Need()
        for (kind, units) in units {
            guard let pace = paces[kind], pace.count >= 3, !pace.isOld(now) else { return nil }
            let seconds = pace.seconds(Line(requests: 1, units: units)) * pace.share(beside[kind])
            need.seconds += seconds
            need.bound += (1 + 2 * pace.deviation) * seconds
        }
        return need
    }

    /// Seconds until a request that arrives now is done.
    /// - Parameters:
    ///   - units: what it asks of each kind of stage that it needs.
    ///   - ahead: what is before it.
    ///   - capacity: of the stages of a kind that serve.
    /// - Returns: nil when nothing is known yet.
    package func finish(
        _ units: [StageKind: Units], ahead: [StageKind: Line], capacity: (StageKind) -> Capacity, now: ContinuousClock.Instant
    ) -> Double? {
        let capacities = Dictionary(uniqueKeysWithValues: units.keys.map { ($0, capacity($0)) })
        let beside = capacities.reduce(into: [:]) { $0[$1.key] = $1.value.beside((ahead[$1.key]?.requests ?? 0) + 1) }
        guard let need = need(units, beside: beside, now: now) else { return nil }
        // The stages work beside each other: the slowest line decides how long the wait is.
        let waits = capacities.map { kind, capacity in ahead[kind].map { wait($0, kind, capacity) } ?? 0 }
        return need.seconds + (waits.max() ?? 0)
    }

    /// Until one of the slots is free, while all are taken: all but the requests that are done last beside each other.
    private func wait(_ line: Line, _ kind: StageKind, _ capacity: Capacity) -> Double {
        guard line.requests > 0, let pace = paces[kind] else { return 0 }
        let before = Double(max(0, line.requests - capacity.slots + 1)) / Double(line.requests)
        // Nobody is refused for what large requests before may take as long as that is a guess.
        let seconds = pace.size.isKnown ? pace.seconds(line) : min(pace.seconds(line), pace.perRequest * Double(line.requests))
        return seconds * before / Double(max(capacity.slots, 1)) * pace.share(capacity.beside(capacity.slots))
    }

    /// For people.
    package static func text(_ seconds: Double) -> String {
        seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(min(seconds, 1e9).rounded())) s"
    }
}
