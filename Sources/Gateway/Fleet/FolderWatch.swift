import Dispatch
import Glibc
import ServerKit

/// Says when files come and go in a folder, by inotify.
enum FolderWatch {
    /// An event now, and one after every change, several at once when nobody looks; ends with the task that reads it.
    static func changes(in folder: RunDirectory) throws(ServerKitError) -> AsyncStream<Void> {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        let events = UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
        guard descriptor >= 0, inotify_add_watch(descriptor, folder.path, events) >= 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw ServerKitError(.runDirectory, "run directory \(folder.path) can't be watched: \(reason)")
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // Ended from whatever thread the reader ends on, which Dispatch allows.
        nonisolated(unsafe) let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler {
            // What happened doesn't matter: the folder is listed anew.
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
                while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
            }
            continuation.yield()
        }
        source.setCancelHandler { close(descriptor) }
        continuation.onTermination = { _ in source.cancel() }
        continuation.yield()
        source.resume()
        return stream
    }
}
