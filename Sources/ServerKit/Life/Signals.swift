import Dispatch
import Foundation

/// The signals that end a process, as events.
enum Signals {
    /// Calls `handler` for every SIGTERM and SIGINT from now on, instead of dying. A broken pipe is an error of its write, no signal.
    /// - Returns: to be kept as long as the signals are to be heard.
    static func onTermination(_ handler: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        signal(SIGPIPE, SIG_IGN)
        return [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: handler)
            source.resume()
            return source
        }
    }
}

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
