import Testing
import Wire

@Suite struct GatewayWaitTests {
    private let now = ContinuousClock.now

    private func wait(absence: Duration = .zero, wasSeen: Bool = false) -> GatewayWait {
        GatewayWait("unix:/a", absence: absence, wasSeen: wasSeen, now: now)
    }

    @Test("a gateway that starts is waited for as long as it answers, and said so once; one that ends meanwhile has a reason in its log")
    func starts() {
        var wait = wait()
        #expect(wait.saw(.silent, now: now) == .wait(say: "the gateway at unix:/a starts; waiting for it"))
        #expect(wait.saw(.starting, now: now + .seconds(20)) == .wait(say: nil))
        #expect(wait.saw(.silent, now: now + .seconds(49)) == .wait(say: nil))
        #expect(wait.saw(.starting, now: now + .seconds(1000)) == .wait(say: nil))
        #expect(wait.saw(.absent, now: now + .seconds(1001)) == .failed("the gateway at unix:/a ended while it started; its log says why"))
    }

    @Test("a process that has the address and does not listen is told after half a minute")
    func silent() {
        var wait = wait()
        #expect(wait.saw(.silent, now: now + .seconds(29)) != .absent)
        #expect(
            wait.saw(.silent, now: now + .seconds(30)) == .failed("no gateway answers at unix:/a: a process is there, but has not listened for 30 s"))
    }

    @Test("after a gateway that drains the next one is waited for, as long as the drain takes and some seconds more")
    func drains() {
        var wait = wait()
        #expect(wait.saw(.draining, now: now) == .wait(say: "the gateway at unix:/a drains; waiting for the next one"))
        #expect(wait.saw(.draining, now: now + .seconds(500)) == .wait(say: nil))
        #expect(wait.saw(.absent, now: now + .seconds(509)) == .wait(say: nil))
        var other = wait
        #expect(
            other.saw(.absent, now: now + .seconds(510)) == .failed("the gateway at unix:/a has ended, and within 10 s no other has started"))
        #expect(wait.saw(.silent, now: now + .seconds(509)) == .wait(say: nil))
        #expect(wait.saw(.starting, now: now + .seconds(509)) == .wait(say: "the gateway at unix:/a starts; waiting for it"))
    }

    @Test("where there was a gateway a moment ago, another one is waited for")
    func seen() {
        var wait = wait(wasSeen: true)
        #expect(wait.saw(.absent, now: now + .seconds(9)) == .wait(say: nil))
        #expect(wait.saw(.absent, now: now + .seconds(10)) != .absent)
    }

    @Test("where nobody is and nobody was, there is none: at once, or after the time that somebody gives who has named the address")
    func absent() {
        var wait = wait()
        #expect(wait.saw(.absent, now: now) == .absent)
        var named = self.wait(absence: .seconds(5))
        #expect(named.saw(.absent, now: now) == .wait(say: "nobody listens at unix:/a; trying again for 5 s"))
        #expect(named.saw(.absent, now: now + .seconds(4)) == .wait(say: nil))
        #expect(named.saw(.absent, now: now + .seconds(5)) == .absent)
    }
}
