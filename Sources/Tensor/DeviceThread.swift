import Dispatch
import Foundation

/// A thread that drives one more device of a group while the caller's thread drives the main one.
package final class DeviceThread: Sendable {
    /// What both threads see. Safe to share: the semaphores hand it from one to the other.
    private final class Handover: @unchecked Sendable {
        let begun = DispatchSemaphore(value: 0), ended = DispatchSemaphore(value: 0)
        /// Nil: the thread shall end.
        var work: (() -> Void)?

        /// Does the work and releases it, so that nothing of the caller's is retained when the caller goes on.
        @inline(never) func doWork() -> Bool {
            guard let work else { return false }
            self.work = nil
            work()
            return true
        }
    }

    private let handover = Handover()

    /// - Parameter name: shown by debuggers and `top -H`.
    package init(name: String) {
        let handover = handover
        let thread = Thread {
            handover.begun.wait()
            // Not before: Foundation knows the current thread only once `start` has returned.
            Thread.current.name = name
            while handover.doWork() {
                handover.ended.signal()
                handover.begun.wait()
            }
        }
        thread.stackSize = 16 << 20
        thread.start()
    }

    deinit { handover.begun.signal() }

    /// Runs `there` on the thread and `here` on the caller's at the same time. Returns when both are done; throws what either
    /// throws, `here` first.
    package func both<There, Here, Failure>(_ there: () throws(Failure) -> There, _ here: () throws(Failure) -> Here) throws(Failure) -> (There, Here)
    {
        var other: Result<There, Failure>?
        let own: Result<Here, Failure> = withoutActuallyEscaping(there) { there in
            handover.work = { other = Result(catching: there) }
            handover.begun.signal()
            let own = Result(catching: here)
            handover.ended.wait()
            return own
        }
        let here = try own.get()
        return (try other!.get(), here)
    }

    package func run<There>(_ there: () throws -> There) throws -> There { try both(there, { () throws(any Error) in }).0 }
}
