import Dispatch
import Foundation
import Synchronization

/// A thread of its own for an actor that computes for seconds: the cooperative pool, and with it health checks and sockets,
/// stays free. Lives until ``stop()``.
public final class ComputeThread: SerialExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let stopped = Atomic<Bool>(false)
    private let wakeUp = DispatchSemaphore(value: 0)

    /// - Parameter name: shown by debuggers and `top -H`.
    public init(name: String) {
        let started = DispatchSemaphore(value: 0)
        let thread = Thread { [self] in
            // Only a thread itself tells the system its name, and Foundation knows which one it is once `start` has returned.
            started.wait()
            Thread.current.name = name
            run()
        }
        thread.stackSize = 16 << 20
        thread.start()
        started.signal()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        wakeUp.signal()
    }

    /// Ends the thread after the jobs that are already queued.
    public func stop() {
        stopped.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    private func run() {
        while true {
            wakeUp.wait()
            if let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
                job.runSynchronously(on: asUnownedSerialExecutor())
            } else if stopped.load(ordering: .acquiring) {
                return
            }
        }
    }
}
