import Dispatch
import Glibc
import Logging
import ServerKit

/// Says when files come and go in a folder: by inotify, at once, and every second in any case, which alone is left where the system has no
/// more of that.
enum FolderWatch {
    static let pollInterval = Duration.seconds(1)

    /// An event now, and one after every change, several changes at once when nobody reads; ends with the task that reads it.
    static func changes(in folder: RunDirectory, logger: Logger) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        switch watch(folder) {
        case .success(let descriptor):
            follow(descriptor, continuation)
        case .failure(let refusal):
            logger.warning(
                "run directory is listed every second instead of watched", metadata: ["path": "\(folder.path)", "problem": "\(refusal.reason)"])
            let polling = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: pollInterval)
                    continuation.yield()
                }
            }
            continuation.onTermination = { _ in polling.cancel() }
        }
        return stream
    }

    private struct Refusal: Error {
        let reason: String
    }

    /// An inotify descriptor for the folder, or which limit of the system is in the way.
    private static func watch(_ folder: RunDirectory) -> Result<Int32, Refusal> {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else {
            // EMFILE also stands for the process's own limit of descriptors.
            let limit = errno == EMFILE ? " (limits: fs.inotify.max_user_instances, open files of the process)" : ""
            return .failure(Refusal(reason: "inotify_init1: \(String(cString: strerror(errno)))\(limit)"))
        }
        let events = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF
        guard inotify_add_watch(descriptor, folder.path, UInt32(events)) >= 0 else {
            let limit = errno == ENOSPC ? " (limit: fs.inotify.max_user_watches)" : ""
            let reason = "inotify_add_watch: \(String(cString: strerror(errno)))\(limit)"
            close(descriptor)
            return .failure(Refusal(reason: reason))
        }
        return .success(descriptor)
    }

    private static func follow(_ descriptor: Int32, _ continuation: AsyncStream<Void>.Continuation) {
        // Ended from whatever thread the reader ends on, which SlotScheduler allows.
        nonisolated(unsafe) let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler {
            // What happened doesn't matter: the folder is listed anew.
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
                while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
            }
            continuation.yield()
        }
        source.setCancelHandler { close(descriptor) }
        // That the folder itself is gone is not told while anybody holds it open.
        nonisolated(unsafe) let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + 1, repeating: 1)
        timer.setEventHandler { continuation.yield() }
        continuation.onTermination = { _ in
            source.cancel()
            timer.cancel()
        }
        source.resume()
        timer.resume()
    }
}
