import Gateway
import Testing

@Suite struct StallClockTests {
    private var clock = StallClock(limit: .seconds(10))

    @Test("nothing is asked while the stage tells of the request, and a question is due after half of the limit in silence")
    func pause() {
        #expect(clock.pause(idle: .zero) == .seconds(5))
        #expect(clock.pause(idle: .seconds(4)) == .seconds(1))
        #expect(clock.pause(idle: .seconds(5)) == nil && clock.pause(idle: .seconds(30)) == nil)
    }

    @Test("a stage that says the same at half of the limit and at its end stalls")
    mutating func stall() {
        #expect(clock.answered(7, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(7, idle: .seconds(10)) == .stalled)
    }

    @Test("a request that waits behind those of other gateways, however long, is not stalled while the stage computes, but when it hangs")
    mutating func queued() {
        #expect(clock.answered(0, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(1, idle: .seconds(10)) == .computes)
        for progress in 2..<1000 { #expect(clock.answered(progress, idle: .seconds(5)) == .computes) }
        #expect(clock.answered(999, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(999, idle: .seconds(10)) == .stalled)
    }

    @Test("a layer that takes longer than half of the limit is none")
    mutating func slowLayer() {
        #expect(clock.answered(3, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(4, idle: .seconds(10)) == .computes)
        #expect(clock.answered(4, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(5, idle: .seconds(10)) == .computes)
    }

    @Test("a stage that leaves both questions unanswered stalls")
    mutating func silent() {
        #expect(clock.answered(nil, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(nil, idle: .seconds(10)) == .stalled)
    }

    @Test("one answer that was lost is no stall: the stage is asked once more")
    mutating func lostAnswer() {
        #expect(clock.answered(nil, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(7, idle: .seconds(10)) == .unknown(.seconds(5)))
        #expect(clock.answered(8, idle: .seconds(15)) == .computes)
        #expect(clock.answered(nil, idle: .seconds(5)) == .unknown(.seconds(5)))
        #expect(clock.answered(8, idle: .seconds(10)) == .unknown(.seconds(5)))
        #expect(clock.answered(8, idle: .seconds(15)) == .stalled)
    }
}
