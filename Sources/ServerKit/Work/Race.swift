/// Runs two operations beside each other; the one that ends first decides, with its value or its error, and the other is cancelled.
public func race<R: Sendable>(
    _ first: @escaping @Sendable () async throws -> R, _ second: @escaping @Sendable () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: R.self) { group in
        group.addTask(operation: first)
        group.addTask(operation: second)
        defer { group.cancelAll() }
        return try await group.next()!
    }
}

/// Returns when the task has ended or the time is over, whichever comes first; the task goes on.
func wait(for task: Task<Void, Never>, atMost limit: Duration) async {
    let (ends, end) = AsyncStream<Never>.makeStream()
    Task {
        await task.value
        end.finish()
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        end.finish()
    }
    for await _ in ends {}
    timer.cancel()
}
