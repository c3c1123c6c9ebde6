import Gateway
import Processes
import Testing

@Suite(.timeLimit(.minutes(1))) struct RowBudgetTests {
    private func until(_ holds: () async -> Bool) async {
        while !(await holds()) { await Task.yield() }
    }

    @Test("who would exceed the bound waits until there is room, in the order of arrival; one that needs more than all is computed alone")
    func order() async throws {
        let budget = RowBudget(limit: 10), free = Promise<Void>(), log = Log()
        let first = Task {
            try await budget.holding(6) {
                log.add("first"); _ = await free.value
            }
        }
        await log.wait(for: "first")
        let large = Task { try await budget.holding(50) { log.add("large") } }
        await until { await budget.waitingCount == 1 }
        let small = Task { try await budget.holding(1) { log.add("small") } }
        await until { await budget.waitingCount == 2 }
        #expect(log.events == ["first"])
        free.fulfil(())
        for task in [first, large, small] { try await task.value }
        #expect(log.events == ["first", "large", "small"])
    }

    @Test("one that leaves while it waits keeps nobody waiting")
    func leaves() async throws {
        let budget = RowBudget(limit: 10), free = Promise<Void>(), log = Log()
        let first = Task {
            try await budget.holding(6) {
                log.add("first"); _ = await free.value
            }
        }
        await log.wait(for: "first")
        let large = Task { try await budget.holding(9) { log.add("large") } }
        await until { await budget.waitingCount == 1 }
        let small = Task { try await budget.holding(2) { log.add("small") } }
        await until { await budget.waitingCount == 2 }
        large.cancel()
        try await small.value
        await #expect(throws: CancellationError.self) { try await large.value }
        free.fulfil(())
        try await first.value
        #expect(log.events == ["first", "small"])
    }
}
