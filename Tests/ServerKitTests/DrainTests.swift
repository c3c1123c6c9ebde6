import ServerKit
import Testing

@Suite struct DrainTests {
    @Test("asked to end, work in flight is waited for, then the process stops")
    func idle() {
        var drain = Drain(deadline: .seconds(30))
        #expect(drain.handle(.asked(deadline: nil)) == .refuseWork(deadline: .seconds(30)))
        #expect(drain.handle(.idle) == .stop)
        #expect(drain.handle(.deadlinePassed) == .none)
    }

    @Test("whoever asks may name another deadline")
    func otherDeadline() {
        var drain = Drain(deadline: .seconds(30))
        #expect(drain.handle(.asked(deadline: .seconds(5))) == .refuseWork(deadline: .seconds(5)))
    }

    @Test("at the deadline work is cancelled; if it does not stop within the grace period the process ends without it")
    func deadline() {
        var drain = Drain(deadline: .seconds(30), grace: .seconds(2))
        _ = drain.handle(.asked(deadline: nil))
        #expect(drain.handle(.deadlinePassed) == .cancelWork(grace: .seconds(2)))
        #expect(drain.handle(.gracePassed) == .stop)
        #expect(drain.handle(.idle) == .none)
    }

    @Test("a second signal ends the process at once, whatever it still waits for")
    func signals() {
        var drain = Drain(deadline: .seconds(30), grace: .seconds(2))
        #expect(drain.handle(.signalled) == .refuseWork(deadline: .seconds(30)))
        #expect(drain.handle(.signalled) == .abort)
        #expect(drain.handle(.deadlinePassed) == .none)

        var cancelling = Drain(deadline: .seconds(30))
        _ = cancelling.handle(.asked(deadline: nil))
        _ = cancelling.handle(.deadlinePassed)
        #expect(cancelling.handle(.signalled) == .abort)

        var stopped = Drain(deadline: .seconds(30))
        _ = stopped.handle(.signalled)
        _ = stopped.handle(.idle)
        #expect(stopped.handle(.signalled) == .abort)
    }

    @Test("a second call may shorten the deadline, and ends nothing by itself")
    func calls() {
        var drain = Drain(deadline: .seconds(30))
        _ = drain.handle(.asked(deadline: nil))
        #expect(drain.handle(.asked(deadline: nil)) == .none)
        #expect(drain.handle(.asked(deadline: .seconds(1))) == .hasten(deadline: .seconds(1)))
        #expect(drain.handle(.deadlinePassed) == .cancelWork(grace: .seconds(2)))
    }

    @Test("when the parent is gone nobody waits for the work")
    func parentGone() {
        var drain = Drain(deadline: .seconds(30))
        #expect(drain.handle(.parentGone) == .refuseWork(deadline: .zero))
        #expect(drain.handle(.deadlinePassed) == .cancelWork(grace: .seconds(2)))
        #expect(drain.handle(.idle) == .stop)
    }

    @Test("work that ends by itself ends nothing")
    func serving() {
        var drain = Drain(deadline: .seconds(30))
        #expect(drain.handle(.idle) == .none)
        #expect(drain.handle(.deadlinePassed) == .none)
    }
}
