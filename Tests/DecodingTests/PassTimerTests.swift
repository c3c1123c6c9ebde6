import Decoding
import Testing

/// What the times of passes are that are queued before those before them are done.
@Suite struct PassTimerTests {
    @Test("a pass behind others takes the time since the one before it, one that begins alone the time since it was queued")
    func queued() {
        var timer = PassTimer()
        let first = timer.begin(at: .seconds(10), isIdle: true)
        let second = timer.begin(at: .seconds(11), isIdle: false)
        #expect(timer.end(first, at: .seconds(14)) == 4)
        let third = timer.begin(at: .seconds(14), isIdle: false)
        #expect(timer.end(second, at: .seconds(16)) == 2)
        #expect(timer.end(third, at: .seconds(19)) == 3)
        let alone = timer.begin(at: .seconds(30), isIdle: true)
        #expect(timer.end(alone, at: .seconds(31)) == 1)
    }

    @Test("the time of a pass with something else before it says nothing, that of the next one does")
    func interrupted() {
        var timer = PassTimer()
        let first = timer.begin(at: .seconds(1), isIdle: true)
        timer.interrupt()
        let second = timer.begin(at: .seconds(5), isIdle: false)
        let third = timer.begin(at: .seconds(6), isIdle: false)
        #expect(second == nil && third == .behindPass)
        #expect(timer.end(first, at: .seconds(7)) == 6)
        #expect(timer.end(second, at: .seconds(9)) == nil)
        #expect(timer.end(third, at: .seconds(10)) == 1)
        #expect(timer.end(.behindPass, at: .seconds(12)) == 2)
    }

    @Test("behind no pass there is no time")
    func nothingBefore() {
        var timer = PassTimer()
        #expect(timer.end(.behindPass, at: .seconds(3)) == nil)
    }
}
