import Gateway
import Testing

@Suite struct ProbeScheduleTests {
    private let start = ContinuousClock.now
    private var probes = ProbeSchedule(interval: .seconds(30))

    @Test("a new stage is probed at once")
    func new() { #expect(probes.nextProbe(now: start) == nil) }

    @Test("a stage that answers is left alone for the interval, counted from its last answer")
    mutating func interval() {
        probes.answered(now: start)
        #expect(probes.nextProbe(now: start) == .seconds(30))
        #expect(probes.nextProbe(now: start + .seconds(20)) == .seconds(10))
        probes.answered(now: start + .seconds(20))
        #expect(probes.nextProbe(now: start + .seconds(30)) == .seconds(20))
        #expect(probes.nextProbe(now: start + .seconds(50)) == nil)
    }

    @Test("a stage that takes long for a probe spends no more than a fiftieth of its time on them")
    mutating func slow() {
        probes.passed(in: .milliseconds(100), now: start)
        #expect(probes.nextProbe(now: start) == .seconds(30))
        probes.passed(in: .seconds(10), now: start)
        #expect(probes.nextProbe(now: start) == .seconds(500))
        probes.suspected()
        #expect(probes.nextProbe(now: start) == nil)
    }

    @Test("a suspect stage is probed at once, however recently it has answered")
    mutating func suspect() {
        probes.answered(now: start)
        probes.suspected()
        #expect(probes.nextProbe(now: start) == nil)
    }

    @Test("a stage that fails its probe is probed again after pauses that double and end at the interval; an answer makes it new")
    mutating func backOff() {
        probes = ProbeSchedule(interval: .seconds(5))
        var now = start
        var pauses: [Duration] = []
        for _ in 0..<7 {
            probes.failed(now: now)
            let pause = probes.nextProbe(now: now) ?? .zero
            pauses.append(pause)
            now += pause
            #expect(probes.nextProbe(now: now) == nil)
        }
        #expect(pauses == [200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
        probes.answered(now: now)
        probes.failed(now: now)
        #expect(probes.nextProbe(now: now) == .milliseconds(200))
    }

    @Test("a suspicion does not shorten the pause of a stage that fails its probes")
    mutating func suspectAfterFailure() {
        probes.failed(now: start)
        probes.suspected()
        #expect(probes.nextProbe(now: start) == .milliseconds(200))
    }

    @Test("a stage that stalls is probed after a pause that doubles with each stall, whatever probes it passes, until it answers a request")
    mutating func stalls() {
        for pause in [200, 400, 800] {
            probes.stalled(now: start)
            #expect(probes.nextProbe(now: start) == .milliseconds(pause))
            probes.passed(in: .milliseconds(10), now: start)
            #expect(probes.nextProbe(now: start) == .seconds(30))
        }
        probes.answered(now: start)
        probes.stalled(now: start)
        #expect(probes.nextProbe(now: start) == .milliseconds(200))
    }

    @Test("probes that a stalled stage fails make its pauses longer, to the interval at most")
    mutating func stallsAndFails() {
        probes = ProbeSchedule(interval: .seconds(1))
        probes.stalled(now: start)
        probes.failed(now: start)
        #expect(probes.nextProbe(now: start) == .milliseconds(400))
        for _ in 0..<20 { probes.failed(now: start) }
        #expect(probes.nextProbe(now: start) == .seconds(1))
    }
}
