package import Domain
import Synchronization
import Wire

/// What the calls of this gateway take of its host's cards: ``EnergyLedger`` with a clock.
package final class EnergyAccount: Sendable {
    private struct State {
        var ledger = EnergyLedger()
        /// Of each card whose power is measured, by number.
        var packages: [DeviceID: Int] = [:]
    }

    private let state = Mutex(State())
    private let beginning = ContinuousClock.now

    package init() {}

    /// In seconds.
    private var now: Double { beginning.duration(to: .now).inSeconds }

    /// Cards whose power will be told, with the number of the package that each is on.
    package func found(_ packages: [DeviceID: Int]) { state.withLock { $0.packages = packages } }

    /// - Parameter watts: of the dies of each package, read just now.
    package func sampled(_ watts: [Int: [Double]]) { state.withLock { $0.ledger.sample(watts, at: now) } }

    /// A call to a stage begins.
    /// - Returns: nil where the power of a card of its is not measured: on the CPU, and on other hosts.
    package func begin(_ replica: Registry.Replica, model: String) -> MeasuredCall? {
        guard case .unix = replica.address, let kind = replica.kind, let devices = [DeviceID](list: replica.description?.device ?? "") else {
            return nil
        }
        let consumer = EnergyLedger.Consumer(kind: kind, instance: replica.ownInstance, model: model)
        return state.withLock { state in
            let packages = devices.compactMap { state.packages[$0] }
            guard packages.count == devices.count else { return nil }
            return MeasuredCall(account: self, id: state.ledger.begin(consumer, on: Set(packages), at: now))
        }
    }

    fileprivate func joules(_ id: EnergyLedger.CallID, _ timings: [Timing]) -> [Double?] {
        state.withLock { state in timings.map { state.ledger.joules(id, start: $0.start, seconds: $0.seconds, at: now) } }
    }

    fileprivate func end(_ id: EnergyLedger.CallID) { state.withLock { $0.ledger.end(id, at: now) } }

    /// Joules of all calls, by who took them.
    package var taken: [EnergyLedger.Consumer: Double] { state.withLock { $0.ledger.taken } }

    /// Joules while no call was there, by the first card of each package that holds one of `devices`.
    package func idle(_ devices: Set<DeviceID>) -> [DeviceID: Double] {
        state.withLock { state in
            var idle: [DeviceID: Double] = [:]
            for (package, joules) in state.ledger.idle {
                let cards = state.packages.filter { $0.value == package }.keys
                if let first = cards.min(), !devices.isDisjoint(with: cards) { idle[first] = joules }
            }
            return idle
        }
    }
}

/// A call to a stage whose cards' power is measured.
package struct MeasuredCall: Sendable {
    fileprivate let account: EnergyAccount
    fileprivate let id: EnergyLedger.CallID

    /// Joules of phases that are over; nil: not measured from end to end.
    package func joules(_ timings: [Timing]) -> [Double?] { timings.isEmpty ? [] : account.joules(id, timings) }

    /// Whatever came of it.
    package func end() { account.end(id) }
}
