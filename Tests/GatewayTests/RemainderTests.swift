import Domain
import Gateway
import Testing
import Wire

@Suite struct RemainderTests {
    private let now = ContinuousClock.now

    /// Text takes 1 s, diffusion 1 or 3 s.
    private var forecast: Forecast {
        var forecast = Forecast()
        for index in 0..<40 {
            forecast.learn(.text, 1, seconds: 1, now: now)
            forecast.learn(.diffusion, 1, seconds: index % 2 == 0 ? 1 : 3, now: now)
        }
        return forecast
    }

    private func remainder(_ kinds: [StageKind], left: Duration) -> Remainder {
        Remainder(units: Dictionary(uniqueKeysWithValues: kinds.map { ($0, 1) }), deadline: now + left)
    }

    @Test("a slot is refused to a request that needs more than what is left, this stage and those after it together, with both times")
    func needsMore() throws {
        let remainder = remainder([.text, .diffusion], left: .seconds(2))
        let refusal = try #require(remainder.refusal(forecast, othersLose: false, now: now))
        #expect(refusal.status == .deadlineExceeded)
        #expect(refusal.message.hasPrefix("the deadline can't be met: what is left to compute takes ") && refusal.message.hasSuffix(" is in 2.0 s"))
        #expect(self.remainder([.text], left: .seconds(2)).refusal(forecast, othersLose: true, now: now) == nil)
    }

    @Test("one that would barely make it gets a slot that nobody else waits for, and no other")
    func barely() {
        let remainder = remainder([.diffusion], left: .milliseconds(2500))
        #expect(remainder.refusal(forecast, othersLose: false, now: now) == nil)
        #expect(remainder.refusal(forecast, othersLose: true, now: now) != nil)
    }

    @Test("without a deadline, or before anything is known, every slot is of use until the deadline has passed")
    func unknown() {
        #expect(Remainder(units: [.text: 100]).refusal(forecast, othersLose: true, now: now) == nil)
        #expect(Remainder(units: [.text: 100]).latestStart(forecast, now: now) == nil)
        let remainder = remainder([.text], left: .milliseconds(1))
        #expect(remainder.refusal(Forecast(), othersLose: true, now: now) == nil)
        #expect(remainder.refusal(Forecast(), othersLose: false, now: now + .milliseconds(1)) != nil)
        #expect(remainder.latestStart(Forecast(), now: now) == now + .milliseconds(1))
    }

    @Test("it is known at the latest start that a deadline can't be met")
    func latest() {
        #expect(remainder([.text], left: .seconds(5)).latestStart(forecast, now: now) == now + .seconds(4))
    }
}
