import CProcess

/// A process that somebody else may have started.
package enum AnyProcess {
    /// Calls `handler` once, on a thread of its own, when the process has exited.
    package static func onEnd(_ processID: Int32, _ handler: @escaping @Sendable () -> Void) {
        BlockingThread.start {
            _ = cprocess_await_other(processID)
            handler()
        }
    }
}
