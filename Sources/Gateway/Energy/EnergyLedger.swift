package import Domain

/// Who took the energy of the cards: a value that is told of samples and calls, in the order of their times, in seconds from any beginning.
///
/// Power is measured by package, which is one die of an A2 and two of an A3. At each moment the power of a package is divided equally
/// between the calls that are on it: calls of the same stage time take the same, and what a call had to itself it took alone. So the energy
/// of a call is Σ P · Δt / n over its time there, n being the calls on the package, added over its packages. Where no call is, the energy is
/// idle. A sample holds until the next one, for ``longestHold`` at most: beyond it nothing is known, and of a call whose time was not
/// measured from end to end no joules are told. Fans, host and power supply are not in it.
package struct EnergyLedger: Sendable {
    /// Who takes energy: the calls of one model on one stage.
    package struct Consumer: Sendable, Hashable, Comparable {
        package let kind: StageKind
        package let instance, model: String

        package init(kind: StageKind, instance: String, model: String) {
            self.kind = kind
            self.instance = instance
            self.model = model
        }

        package static func < (a: Consumer, b: Consumer) -> Bool { (a.kind, a.instance, a.model) < (b.kind, b.instance, b.model) }
    }

    package struct CallID: Sendable, Hashable { fileprivate let number: Int }

    private struct Call {
        let consumer: Consumer
        let packages: Set<Int>
        let began: Double
    }

    /// Seconds that a sample stands for at most.
    package static let longestHold = 2.0

    private var meters: [Int: PackageMeter] = [:]
    private var calls: [CallID: Call] = [:]
    private var next = 0
    /// Joules that calls took, those that failed included.
    package private(set) var taken: [Consumer: Double] = [:]

    package init() {}

    /// Joules of each package while no call was on it.
    package var idle: [Int: Double] { meters.mapValues(\.idle) }

    /// Power was read.
    /// - Parameter watts: of the dies of each package that answered.
    package mutating func sample(_ watts: [Int: [Double]], at time: Double) {
        for package in watts.keys where meters[package] == nil { meters[package] = PackageMeter(at: time) }
        // Not over the dictionary, which would be copied with all points when a meter changes.
        for package in Array(meters.keys) {
            advance(package, to: time)
            if let dies = watts[package] { meters[package]?.measured(dies) }
        }
    }

    /// A call goes to a stage.
    /// - Parameter packages: those of the stage's cards.
    package mutating func begin(_ consumer: Consumer, on packages: Set<Int>, at time: Double) -> CallID {
        let id = CallID(number: next)
        next += 1
        for package in packages {
            if meters[package] == nil { meters[package] = PackageMeter(at: time) }
            advance(package, to: time)
            meters[package]?.began()
        }
        calls[id] = Call(consumer: consumer, packages: packages, began: time)
        return id
    }

    /// Joules that a call took in a part of its time, `seconds` from `start` after its beginning, up to `time`; nil: not measured.
    package mutating func joules(_ id: CallID, start: Double, seconds: Double, at time: Double) -> Double? {
        guard let call = calls[id], start.isFinite, seconds.isFinite else { return nil }
        let from = min(max(call.began + max(start, 0), call.began), time), to = min(max(from + max(seconds, 0), from), time)
        var sum = 0.0
        for package in call.packages {
            advance(package, to: time)
            guard let share = meters[package]?.share(from: from, to: to) else { return nil }
            sum += share
        }
        return sum
    }

    /// The call has ended, whatever came of it.
    package mutating func end(_ id: CallID, at time: Double) {
        guard let call = calls[id] else { return }
        for package in call.packages { advance(package, to: time) }
        calls[id] = nil
        for package in call.packages {
            let others = calls.values.filter { $0.packages.contains(package) }
            meters[package]?.ended(keep: others.map(\.began).min())
        }
    }

    private mutating func advance(_ package: Int, to time: Double) {
        guard let share = meters[package]?.advance(to: time), share > 0 else { return }
        for call in calls.values where call.packages.contains(package) { taken[call.consumer, default: 0] += share }
    }
}
