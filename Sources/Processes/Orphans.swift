import CProcess
import Foundation

/// Processes whose parent, a child of this process, was killed: they become our own children, and can be waited for.
public enum Orphans {
    /// To be called before the first child is started.
    public static func adopt() throws(LaunchError) {
        let failure = cprocess_adopt_orphans()
        guard failure == 0 else { throw LaunchError(.notStarted, "orphans can't be adopted: \(String(cString: strerror(failure)))") }
    }

    /// Returns when this process has no child any more; those that are there after `grace` are killed. Not while a
    /// ``ChildProcess`` is still running: it waits for its own.
    public static func wait(grace: Duration) async {
        let gone = Promise<Void>()
        BlockingThread.start {
            var code: Int32 = 0, signal: Int32 = 0
            while cprocess_reap(-1, &code, &signal) > 0 {}
            gone.fulfil(())
        }
        await Task.detached {
            let timer = Task.detached {
                try await Task.sleep(for: grace)
                for child in children() { kill(child, SIGKILL) }
            }
            defer { timer.cancel() }
            _ = await gone.value
        }.value
    }

    private static func children() -> [pid_t] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return threads.flatMap { thread in
            let list = (try? String(contentsOfFile: "/proc/self/task/\(thread)/children", encoding: .utf8)) ?? ""
            return list.split(separator: " ").compactMap { pid_t($0) }
        }
    }
}
