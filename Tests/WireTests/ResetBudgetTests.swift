import Testing
import Wire

@Suite struct ResetBudgetTests {
    private let now = ContinuousClock.now
    private var budget = ResetBudget()

    @Test("calls that end well are never in the way of the next, however many there are")
    mutating func ordinary() {
        for _ in 0..<10_000 {
            #expect(budget.takesCall(now: now))
            budget.began()
            budget.ended(isReset: false, now: now)
        }
    }

    @Test("after as many resets as may be, a connection takes no call until they are half a minute old")
    mutating func resets() {
        for _ in 0..<ResetBudget.limit {
            #expect(budget.takesCall(now: now))
            budget.began()
            budget.ended(isReset: true, now: now)
        }
        #expect(!budget.takesCall(now: now) && !budget.takesCall(now: now + .seconds(29)))
        #expect(budget.takesCall(now: now + .seconds(30)))
    }

    @Test("all callers may leave at once: open calls count as resets to come")
    mutating func open() {
        var resets = 0
        while budget.takesCall(now: now) { budget.began() }
        for _ in 0..<budget.open {
            budget.ended(isReset: true, now: now)
            resets += 1
        }
        #expect(resets == ResetBudget.limit && budget.open == 0)
        // Servers close a connection after 200.
        #expect(resets < 200)
    }
}
