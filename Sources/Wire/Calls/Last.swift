import Synchronization

/// What a closure leaves for the one who passed it: the event that ends a stream, or why a request was not sent.
package final class Last<Value: Sendable>: Sendable {
    private let mutex = Mutex<Value?>(nil)

    package init() {}

    package var value: Value? {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }

    /// A stream that ends well has sent its result; one that has not is a peer's mistake.
    package func orMissing<Request, Response>(in method: Method<Request, Response>) throws -> Value {
        guard let value else { throw CallError(.internalError, "\(method.service)/\(method.name) ended without a result") }
        return value
    }
}
