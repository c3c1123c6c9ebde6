import Gateway
import Testing

@Suite struct SupervisionTests {
    private var machine = Supervision()

    /// Runs it up to the next end.
    private mutating func end(worked: Bool, ready: Bool = true) -> Supervision.Action {
        if ready { #expect(machine.handle(.ready) == .none) }
        return machine.handle(.ended(worked: worked))
    }

    @Test("a stage that had worked is started again at once, as often as it ends")
    mutating func atOnce() {
        #expect(machine.handle(.start) == .spawn)
        for restarts in 1...20 {
            #expect(end(worked: true) == .spawn)
            #expect(machine.restarts == restarts && machine.failures == 0)
        }
    }

    @Test("a stage that ends without having worked is started again after pauses that double, and given up at the fifth end")
    mutating func pauses() {
        #expect(machine.handle(.start) == .spawn)
        for pause in [200, 400, 800, 1600] {
            #expect(end(worked: false) == .pause(.milliseconds(pause)))
            #expect(machine.phase == .pausing)
            #expect(machine.handle(.pauseOver) == .spawn)
        }
        #expect(end(worked: false) == .giveUp(failures: 5))
        #expect(machine.phase == .givenUp && machine.restarts == 4)
    }

    @Test("work in between forgives the ends before it")
    mutating func forgiven() {
        _ = machine.handle(.start)
        for _ in 0..<3 {
            _ = end(worked: false)
            _ = machine.handle(.pauseOver)
        }
        #expect(end(worked: true) == .spawn)
        #expect(end(worked: false) == .pause(.milliseconds(200)))
    }

    @Test("with a start limit of one, a stage that ends before it answers is given up at once; one that had answered is not")
    mutating func startLimit() {
        machine = Supervision(startLimit: 1)
        _ = machine.handle(.start)
        #expect(end(worked: false, ready: false) == .giveUp(failures: 1))
        machine = Supervision(startLimit: 1)
        _ = machine.handle(.start)
        #expect(end(worked: false) == .pause(.milliseconds(200)))
    }

    @Test("a stage that was given up can be started again, and has all its tries anew")
    mutating func again() {
        _ = machine.handle(.start)
        for _ in 0..<4 {
            _ = end(worked: false)
            _ = machine.handle(.pauseOver)
        }
        #expect(end(worked: false) == .giveUp(failures: 5))
        #expect(machine.handle(.start) == .spawn)
        #expect(end(worked: false) == .pause(.milliseconds(200)))
    }

    @Test("what comes late changes nothing: a second start, a pause that is over twice, an end of nothing")
    mutating func late() {
        #expect(machine.handle(.pauseOver) == .none && machine.handle(.ended(worked: false)) == .none)
        _ = machine.handle(.start)
        #expect(machine.handle(.start) == .none && machine.handle(.pauseOver) == .none)
        _ = end(worked: false)
        #expect(machine.handle(.ended(worked: false)) == .none && machine.handle(.start) == .none)
        #expect(machine.failures == 1)
    }

    @Test("a stage that proves itself and is ended before it has anything to do is started again at once, and given up at the twentieth end")
    mutating func ended() {
        _ = machine.handle(.start)
        for _ in 1..<20 {
            _ = machine.handle(.ready)
            #expect(machine.handle(.ended(worked: false, passedProbe: true)) == .spawn)
        }
        _ = machine.handle(.ready)
        #expect(machine.handle(.ended(worked: false, passedProbe: true)) == .giveUp(failures: 20))
    }

    @Test("a stage that fails its first probe is started once more, and given up when the next fails it too")
    mutating func failedProbe() {
        _ = machine.handle(.start)
        _ = machine.handle(.ready)
        #expect(machine.handle(.ended(worked: false, failedProbe: true)) == .pause(.milliseconds(200)))
        _ = machine.handle(.pauseOver)
        _ = machine.handle(.ready)
        #expect(machine.handle(.ended(worked: false, failedProbe: true)) == .giveUp(failures: 2))
    }

    @Test("a failed probe of a stage that had worked says nothing about the next")
    mutating func failedLaterProbe() {
        _ = machine.handle(.start)
        for _ in 0..<5 {
            _ = machine.handle(.ready)
            #expect(machine.handle(.ended(worked: true, passedProbe: true, failedProbe: true)) == .spawn)
        }
        _ = machine.handle(.ready)
        #expect(machine.handle(.ended(worked: false, failedProbe: true)) == .pause(.milliseconds(200)))
    }

    @Test("a stage that the system has nothing left to start with is tried for ever, after pauses that end at 30 s, and has its failures left")
    mutating func starved() {
        _ = machine.handle(.start)
        for pause in [200, 400, 800, 1600, 3200, 6400, 12800, 25600] + Array(repeating: 30000, count: 30) {
            #expect(machine.handle(.starved) == .pause(.milliseconds(pause)))
            #expect(machine.handle(.pauseOver) == .spawn)
        }
        #expect(machine.failures == 0)
        #expect(end(worked: false) == .pause(.milliseconds(200)))
    }

    @Test("a stage that is tried once is given up where the system has nothing left to start it with: somebody waits for it")
    mutating func starvedOnce() {
        machine = Supervision(startLimit: 1)
        _ = machine.handle(.start)
        #expect(machine.handle(.starved) == .giveUp(failures: 1))
    }
}
