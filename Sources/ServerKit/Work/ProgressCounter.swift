import Synchronization

/// Grows as a process computes, so that who waits for a slow process can tell it from one that hangs; told by Describe.
final class ProgressCounter: Sendable {
    private let steps = Atomic<Int>(0)

    func advance() { steps.wrappingAdd(1, ordering: .relaxed) }
    var value: Int { steps.load(ordering: .relaxed) }
}
