import Synchronization

/// A value that is set once and awaited by any number of tasks.
public final class Promise<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [Int: CheckedContinuation<Value?, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// The first value counts.
    public func fulfil(_ value: Value) {
        let waiting = state.withLock { state in
            guard state.value == nil else { return [CheckedContinuation<Value?, Never>]() }
            state.value = value
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: value) }
    }

    /// The value if it is set already.
    public var current: Value? { state.withLock { $0.value } }

    /// The value as soon as it is set; nil when the task is cancelled before.
    public var value: Value? {
        get async {
            let id = state.withLock { state in
                state.next += 1
                return state.next
            }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let now: Value?? = state.withLock { state in
                        if let value = state.value { return .some(value) }
                        if Task.isCancelled { return .some(nil) }
                        state.waiting[id] = continuation
                        return nil
                    }
                    if let now { continuation.resume(returning: now) }
                }
            } onCancel: {
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: nil)
            }
        }
    }
}
