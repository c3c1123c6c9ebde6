import Gateway
import Testing

@Suite struct PulseTests {
    private let start = ContinuousClock.now
    private var pulse = Pulse(interval: .seconds(30))

    @Test("a new stage is asked at once")
    func new() { #expect(pulse.nextProbe(now: start) == nil) }

    @Test("a stage that answers is left alone for the interval, counted from its last answer")
    mutating func interval() {
        pulse.answered(now: start)
        #expect(pulse.nextProbe(now: start) == .seconds(30))
        #expect(pulse.nextProbe(now: start + .seconds(20)) == .seconds(10))
        pulse.answered(now: start + .seconds(20))
        #expect(pulse.nextProbe(now: start + .seconds(30)) == .seconds(20))
        #expect(pulse.nextProbe(now: start + .seconds(50)) == nil)
    }

    @Test("a stage in doubt is asked at once, however lately it has answered")
    mutating func doubt() {
        pulse.answered(now: start)
        pulse.doubted()
        #expect(pulse.nextProbe(now: start) == nil)
    }

    @Test("a stage that fails is asked again after pauses that double and end at the interval; an answer makes it new")
    mutating func backOff() {
        pulse = Pulse(interval: .seconds(5))
        var now = start
        var pauses: [Duration] = []
        for _ in 0..<7 {
            pulse.failed(now: now)
            let pause = pulse.nextProbe(now: now) ?? .zero
            pauses.append(pause)
            now += pause
            #expect(pulse.nextProbe(now: now) == nil)
        }
        #expect(pauses == [200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
        pulse.answered(now: now)
        pulse.failed(now: now)
        #expect(pulse.nextProbe(now: now) == .milliseconds(200))
    }

    @Test("doubts don't hasten what has failed to prove itself")
    mutating func doubtAfterFailure() {
        pulse.failed(now: start)
        pulse.doubted()
        #expect(pulse.nextProbe(now: start) == .milliseconds(200))
    }
}
