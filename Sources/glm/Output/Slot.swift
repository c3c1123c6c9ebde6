import Synchronization

/// A value that another task sets.
final class Slot<Value: Sendable>: Sendable {
    private let mutex = Mutex<Value?>(nil)

    var value: Value? {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }
}
