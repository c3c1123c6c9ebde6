import Domain
import Gateway
import Testing
import Wire

/// How callers fare beside each other, in simulated time.
@Suite struct LineTests {
    private static func clients(_ count: Int, deadline: Double?) -> [LineSimulation.Client] {
        (0..<count).map { LineSimulation.Client(caller: Caller(identity: "\($0)"), service: 0.075, deadline: deadline) }
    }

    @Test("a caller beside one with 200 requests waits at most twice as long as alone plus one request", arguments: [1, 2, 8])
    func fairness(slots: Int) {
        let largest = 0.075 * 1.4
        var clients = (0..<200).map { _ in LineSimulation.Client(caller: Caller(identity: "greedy"), service: 0.075) }
        clients.append(LineSimulation.Client(caller: Caller(identity: "polite"), service: 0.075))
        var simulation = LineSimulation("fairness", slots: slots, clients: clients)
        simulation.run(seconds: 20)
        let polite = simulation.outcomes[200]
        #expect(polite.longest <= 2 * largest + largest, "\(polite.longest) s")
        #expect(polite.done > 100 && simulation.outcomes.prefix(200).contains { $0.done > 0 })
        #expect(polite.refused == 0)
    }

    @Test("small requests wait for no more than one large one of another caller")
    func largeRequests() {
        var clients = (0..<200).map { _ in LineSimulation.Client(caller: Caller(identity: "greedy"), service: 1) }
        clients.append(LineSimulation.Client(caller: Caller(identity: "polite"), service: 0.05))
        var simulation = LineSimulation("large requests", slots: 1, clients: clients)
        simulation.run(seconds: 100)
        #expect(simulation.outcomes[200].longest <= 2 * 0.07 + 1.4, "\(simulation.outcomes[200].longest) s")
    }

    @Test("callers that ask alike get alike")
    func equal() {
        var simulation = LineSimulation("equal callers", slots: 2, clients: Self.clients(10, deadline: nil))
        simulation.run(seconds: 20)
        let done = simulation.outcomes.map(\.done)
        #expect((done.max() ?? 0) - (done.min() ?? 0) <= 2, "\(done)")
    }

    @Test("with deadlines that a third can meet, at least four fifths as many images are made as without", arguments: [1.0, 2.0, 0.5])
    func goodput(deadline: Double) {
        var free = LineSimulation("without deadlines", slots: 2, clients: Self.clients(64, deadline: nil))
        var pressed = LineSimulation("with deadlines", slots: 2, clients: Self.clients(64, deadline: deadline))
        free.run(seconds: 20)
        pressed.run(seconds: 20)
        let possible = free.outcomes.reduce(0) { $0 + $1.done }, made = pressed.outcomes.reduce(0) { $0 + $1.done }
        #expect(made * 5 >= possible * 4, "\(made) of \(possible)")
    }

    @Test(
        "a stage that computes many together makes at least three quarters of the images that can be made in time, three fifths where each beside costs much",
        arguments: [(slowdown: 0.25, deadline: 1.0, share: 0.75), (0.25, 0.8, 0.75), (0.1, 0.5, 0.75), (0.6, 1.2, 0.6)])
    func batches(slowdown: Double, deadline: Double, share: Double) {
        let clients = (0..<64).map { LineSimulation.Client(caller: Caller(identity: "\($0)"), service: 0.25) }
        var simulation = LineSimulation("batches", slots: 16, slowdown: slowdown, limit: 48, clients: clients)
        // A time without deadlines teaches how long requests take beside fifteen others, which none is from then on.
        simulation.run(seconds: 20)
        let free = simulation.done
        simulation.setDeadlines(deadline)
        // So long that what is drawn makes a difference of one per cent, and what was begun without a deadline none.
        simulation.run(seconds: 145)
        // What can be made within the deadline: as many together as are done in it, in the mean of what varies by two fifths.
        let together = min(16, max(1, ((deadline / 1.4 / 0.25 - 1) / slowdown + 1).rounded(.down)))
        let possible = 125 * together / (0.25 * (1 + slowdown * (together - 1)))
        let made = Double(simulation.done - free)
        #expect(made >= share * possible, "\(made) of \(possible), \(free) without deadlines")
    }

    @Test("a gateway that refused all deadlines while it was slow serves them again once it is fast")
    func recovers() {
        // What is learnt is too slow for the deadline, and only who has one asks.
        var forecast = Forecast()
        let now = ContinuousClock.now
        for _ in 0..<3 { forecast.learn(.text, 1, seconds: 5, now: now) }
        var queue = AdmissionQueue(limit: 4)
        func ask(_ time: ContinuousClock.Instant) throws -> FairOrder.Turn {
            let finish = forecast.finish(
                [.text: 1], ahead: queue.ahead(of: .none, model: "m"), capacity: { _ in Capacity(stages: 1, slots: 1) }, now: time)
            return try queue.enter([.text: 1], by: .none, model: "m", finish: finish, left: 2)
        }
        #expect(throws: CallError.self) { try ask(now + .seconds(50)) }
        #expect(throws: Never.self) { try ask(now + .seconds(61)) }
    }
}
