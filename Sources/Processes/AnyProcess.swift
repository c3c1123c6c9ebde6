import CProcess
import Glibc

/// A process that somebody else may have started.
package enum AnyProcess {
    /// Calls `handler` once, on a thread of its own, when the process has exited.
    package static func onEnd(_ processID: Int32, _ handler: @escaping @Sendable () -> Void) {
        BlockingThread.start {
            // Where the system has no descriptor left to wait with, it is asked every second.
            while cprocess_await_other(processID) != 0, kill(processID, 0) == 0 || errno == EPERM { sleep(1) }
            handler()
        }
    }
}
