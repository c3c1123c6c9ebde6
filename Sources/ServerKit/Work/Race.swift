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
