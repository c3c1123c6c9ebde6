import Processes

/// Bounds the rows of images that a gateway holds for questions under way: a small file may become fifty times as many bytes of rows. Who
/// would exceed the bound waits, in the order of arrival.
package actor RowBudget {
    /// Tokens of images of all questions, a row each. A question with more waits for all others and is then computed alone.
    private let limit: Int
    private var free: Int
    private var waiting: [(tokens: Int, turn: Promise<Void>)] = []
    private let onWait: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - limit: the default is 2 GiB of rows of 4096 elements in bf16, or the rows of two contexts of GLM-4.6V-Flash.
    ///   - onWait: called when one more waits, with the number of those that do.
    package init(limit: Int = 1 << 18, onWait: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.limit = limit
        self.onWait = onWait
        free = limit
    }

    /// Runs `body` when there is room for so many rows.
    /// - Throws: `CancellationError` when the task is cancelled before; what `body` throws.
    package func holding<R: Sendable>(_ tokens: Int, _ body: @Sendable () async throws -> R) async throws -> R {
        let tokens = min(tokens, limit)
        try await take(tokens)
        defer { give(tokens) }
        return try await body()
    }

    private func take(_ tokens: Int) async throws {
        if tokens == 0 { return }
        if waiting.isEmpty, tokens <= free {
            free -= tokens
            return
        }
        let turn = Promise<Void>()
        waiting.append((tokens, turn))
        onWait(waiting.count)
        guard await turn.value == nil else { return }
        if let index = waiting.firstIndex(where: { $0.turn === turn }) {
            waiting.remove(at: index)
            grant()
        } else {
            give(tokens)
        }
        throw CancellationError()
    }

    private func give(_ tokens: Int) {
        free += tokens
        grant()
    }

    private func grant() {
        while let first = waiting.first, first.tokens <= free {
            free -= first.tokens
            waiting.removeFirst()
            first.turn.fulfil(())
        }
    }
}
