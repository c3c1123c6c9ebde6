import Foundation

/// Notices that the parent is gone: it holds the other end of our standard input, which ends with it, however it dies.
enum ParentWatch {
    static func onParentGone(_ handler: @escaping @Sendable () -> Void) {
        let thread = Thread {
            var buffer = [UInt8](repeating: 0, count: 256)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            handler()
        }
        thread.start()
    }
}
