import Domain

/// The power of one package over time, and the share of a call in it. Part of ``EnergyLedger``, which explains it.
struct PackageMeter: Sendable {
    /// Where the sums stood at a time; between two points they grow evenly.
    private struct Point {
        var time: Double
        /// Joules that fell to each of the calls.
        var share: Double
        /// Seconds without a figure.
        var unknown: Double
    }

    /// The last figure, until when it holds.
    private var power: (watts: Double, until: Double)?
    private var dies = PackagePower()
    private var calls = 0
    private var now: Point
    /// Since the call began that has been on it longest; empty while there is none.
    private var points: [Point] = []
    /// Joules while no call was on it.
    private(set) var idle = 0.0

    /// So many points are kept: of 10 samples a second, those of two hours. Of a longer time every other one goes, which keeps the sums.
    private static let most = 1 << 16

    init(at time: Double) { now = Point(time: time, share: 0, unknown: 0) }

    /// Watts were read now, of those dies that tell them.
    mutating func measured(_ watts: [Double]) {
        if let watts = dies.read(watts) { power = (watts, now.time + EnergyLedger.longestHold) }
    }

    mutating func began() {
        calls += 1
        keep()
    }

    /// - Parameter time: since when points are still asked for; nil: no call is left.
    mutating func ended(keep time: Double?) {
        calls = max(0, calls - 1)
        guard let time else { return points = [] }
        // The point before the beginning is needed, too.
        if let first = points.lastIndex(where: { $0.time <= time }) { points.removeFirst(first) }
    }

    /// - Returns: joules that fell to each call since the last time; 0 while there is none.
    mutating func advance(to time: Double) -> Double {
        let before = now.share
        guard time > now.time else { return 0 }
        if let power, power.until > now.time {
            let end = min(time, power.until), joules = power.watts * (end - now.time)
            if calls > 0 { now.share += joules / Double(calls) } else { idle += joules }
            now.time = end
            keep()
        }
        if time > now.time {
            now.unknown += time - now.time
            now.time = time
            keep()
        }
        return now.share - before
    }

    /// Joules of one call between two times of its own, the later of which is not after now; nil where a figure was missing.
    func share(from: Double, to: Double) -> Double? {
        let start = sums(at: from), end = sums(at: to)
        return end.unknown > start.unknown ? nil : end.share - start.share
    }

    private mutating func keep() {
        guard calls > 0 else { return }
        points.append(now)
        guard points.count > Self.most else { return }
        points = points.indices.filter { $0 % 2 == 0 || $0 == points.count - 1 }.map { points[$0] }
    }

    private func sums(at time: Double) -> Point {
        // The first point that is not before it, by bisection.
        var low = 0, high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].time < time { low = middle + 1 } else { high = middle }
        }
        guard low < points.count else { return now }
        let after = points[low]
        guard low > 0, after.time > time else { return after }
        let before = points[low - 1], part = (time - before.time) / (after.time - before.time)
        return Point(
            time: time, share: before.share + part * (after.share - before.share), unknown: before.unknown + part * (after.unknown - before.unknown))
    }
}
