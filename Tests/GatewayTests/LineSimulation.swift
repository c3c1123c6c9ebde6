import Domain
import Gateway
import TestSupport
import Wire

/// What the gateway decides of its callers' requests, in simulated time: text stages with slots, callers that ask again as soon as they are answered.
struct LineSimulation {
    struct Client {
        let caller: Caller
        /// How long its requests take in a slot beside no other, in the mean.
        let service: Double
        var deadline: Double?
    }

    struct Outcome {
        var done = 0, late = 0, refused = 0
        /// From a request's arrival to its image, the longest.
        var longest = 0.0
    }

    private enum State {
        case idle(until: Double)
        case waiting(Waiting)
        case running(Waiting, start: Double, end: Double, beside: Double)

        /// When something happens next.
        var time: Double {
            switch self {
            case .idle(let time): time
            case .waiting(let waiting): waiting.latest
            case .running(_, _, let end, _): end
            }
        }
    }

    private struct Waiting {
        let slot: SlotScheduler.ID
        let turn: FairOrder.Turn
        let since: Double
        let remainder: Remainder
        let latest: Double
    }

    private let registry: Registry
    private let slots: Int
    /// By how much of its time alone a request takes longer for each other one beside it.
    private let slowdown: Double
    private var clients: [Client]
    private let epoch = ContinuousClock.now
    private var random: SeededRandom
    private var queue: AdmissionQueue
    private var scheduler = SlotScheduler(Stages.firstOfEqual)
    private var forecast = Forecast()
    private var states: [State]
    /// Of each client, when something happens next; and whose the slots are.
    private var times: [Double]
    private var owners: [SlotScheduler.ID: Int] = [:]
    private(set) var outcomes: [Outcome]

    init(_ name: String, slots: Int, slowdown: Double = 0, limit: Int = 256, clients: [Client]) {
        registry = Stages.texts(slots: [slots])
        self.slots = slots
        self.slowdown = slowdown
        self.clients = clients
        random = SeededRandom(name)
        queue = AdmissionQueue(limit: limit)
        scheduler.know(registry)
        states = clients.indices.map { .idle(until: Double($0) * 1e-6) }
        times = states.map(\.time)
        outcomes = clients.map { _ in Outcome() }
    }

    /// From now on.
    mutating func setDeadlines(_ deadline: Double?) {
        for index in clients.indices { clients[index].deadline = deadline }
    }

    /// All of them together.
    var done: Int { outcomes.reduce(0) { $0 + $1.done } }

    /// - Parameter seconds: the simulated time at which it ends.
    mutating func run(seconds: Double) {
        while let (index, time) = next, time < seconds {
            switch states[index] {
            case .idle: arrive(index, time)
            case .waiting(let waiting): giveUp(index, waiting, time)
            case .running(let waiting, let start, _, let beside): end(index, waiting, start, beside, time)
            }
            assign(time)
        }
    }

    /// Whose event is the next, and when.
    private var next: (client: Int, time: Double)? { times.enumerated().min { $0.element < $1.element }.map { ($0.offset, $0.element) } }

    private mutating func enter(_ index: Int, _ state: State) {
        states[index] = state
        times[index] = state.time
    }

    private func instant(_ time: Double) -> ContinuousClock.Instant { epoch + .seconds(time) }

    private mutating func arrive(_ index: Int, _ time: Double) {
        let client = clients[index], units: [StageKind: Forecast.Units] = [.text: client.service], now = instant(time)
        let finish = forecast.finish(
            units, ahead: queue.ahead(of: client.caller, model: "m"), capacity: { [slots] _ in Capacity(stages: 1, slots: slots) }, now: now)
        do {
            let turn = try queue.enter(
                units, by: client.caller, model: "m", cost: forecast.need(units, now: now)?.seconds ?? 1, finish: finish, left: client.deadline)
            let remainder = Remainder(units: units, deadline: client.deadline.map { instant(time + $0) })
            let latest = remainder.latestStart(forecast, now: now).map { epoch.duration(to: $0).inSeconds } ?? .infinity
            let slot = scheduler.enqueue(SlotRequest(kind: .text, turn: turn))
            owners[slot] = index
            enter(index, .waiting(Waiting(slot: slot, turn: turn, since: time, remainder: remainder, latest: max(latest, time))))
        } catch {
            outcomes[index].refused += 1
            enter(index, .idle(until: time + 0.05))
        }
    }

    private mutating func giveUp(_ index: Int, _ waiting: Waiting, _ time: Double) {
        leave(index, waiting, isDone: false, until: time + 0.05)
        outcomes[index].late += 1
    }

    private mutating func end(_ index: Int, _ waiting: Waiting, _ start: Double, _ beside: Double, _ time: Double) {
        let isDone = waiting.remainder.deadline.map { instant(time) < $0 } ?? true
        leave(index, waiting, isDone: isDone, until: time)
        guard isDone else {
            forecast.learnCut(.text, clients[index].service, seconds: time - start, beside: beside, now: instant(time))
            outcomes[index].late += 1
            return
        }
        forecast.learn(.text, clients[index].service, seconds: time - start, beside: beside, now: instant(time))
        outcomes[index].done += 1
        outcomes[index].longest = max(outcomes[index].longest, time - waiting.since)
    }

    private mutating func leave(_ index: Int, _ waiting: Waiting, isDone: Bool, until time: Double) {
        scheduler.release(waiting.slot)
        owners[waiting.slot] = nil
        queue.leave(waiting.turn, isDone: isDone)
        enter(index, .idle(until: time))
    }

    private mutating func assign(_ time: Double) {
        while true {
            let assignments = scheduler.assignments(registry)
            if assignments.isEmpty { return }
            for assignment in assignments { grant(assignment.id, time) }
        }
    }

    private mutating func grant(_ slot: SlotScheduler.ID, _ time: Double) {
        guard let index = owners[slot], case .waiting(let waiting) = states[index] else { return }
        let beside = Double(scheduler.running(.text))
        let othersLose = scheduler.waiting(.text) > 0 || beside > 1
        if waiting.remainder.refusal(forecast, othersLose: othersLose, beside: [.text: beside], now: instant(time)) != nil {
            giveUp(index, waiting, time)
        } else {
            let service = clients[index].service * (1 + slowdown * (beside - 1)) * Double.random(in: 0.6..<1.4, using: &random)
            let deadline = waiting.remainder.deadline.map { epoch.duration(to: $0).inSeconds } ?? .infinity
            enter(index, .running(waiting, start: time, end: min(time + service, deadline), beside: beside))
        }
    }
}
