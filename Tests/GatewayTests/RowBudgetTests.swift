import Gateway
import Processes
import Testing

@Suite(.timeLimit(.minutes(1))) struct RowBudgetTests {
    @Test("who would exceed the bound waits until there is room, in the order of arrival; one that needs more than all is computed alone")
    func order() async throws {
        let line = Log(), log = Log(), free = Promise<Void>()
        let budget = RowBudget(limit: 10) { line.add("\($0)") }
        let first = Task {
            try await budget.holding(6) {
                log.add("first"); _ = await free.value
            }
        }
        await log.wait(for: "first")
        let large = Task { try await budget.holding(50) { log.add("large") } }
        await line.wait(for: "1")
        let small = Task { try await budget.holding(1) { log.add("small") } }
        await line.wait(for: "2")
        #expect(log.events == ["first"])
        free.fulfil(())
        for task in [first, large, small] { try await task.value }
        #expect(log.events == ["first", "large", "small"])
    }

    @Test("one that leaves while it waits keeps nobody waiting")
    func leaves() async throws {
        let line = Log(), log = Log(), free = Promise<Void>()
        let budget = RowBudget(limit: 10) { line.add("\($0)") }
        let first = Task {
            try await budget.holding(6) {
                log.add("first"); _ = await free.value
            }
        }
        await log.wait(for: "first")
        let large = Task { try await budget.holding(9) { log.add("large") } }
        await line.wait(for: "1")
        let small = Task { try await budget.holding(2) { log.add("small") } }
        await line.wait(for: "2")
        large.cancel()
        try await small.value
        await #expect(throws: CancellationError.self) { try await large.value }
        free.fulfil(())
        try await first.value
        #expect(log.events == ["first", "small"])
    }
}
