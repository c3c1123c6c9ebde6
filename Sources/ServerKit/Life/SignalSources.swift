public import Dispatch
import Foundation

/// Signals as events, instead of the end of the process.
public enum SignalSources {
    /// Signals that whoever started this process wants it to ignore, as `nohup` does SIGHUP; read before any of them is heard.
    private static let ignored: Set<Int32> = {
        var ignored: Set<Int32> = []
        for number in [SIGHUP, SIGINT, SIGTERM] {
            var action = sigaction()
            if sigaction(number, nil, &action) == 0, isIgnored(action) { ignored.insert(number) }
        }
        return ignored
    }()

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Calls `handler` with the number of each of these signals from now on, but for those that were ignored when the process started.
    /// A broken pipe is an error of its write, no signal.
    /// - Returns: to be kept, and cancelled when the signals are not to be heard any more.
    public static func hear(_ numbers: [Int32], _ handler: @escaping @Sendable (Int32) -> Void) -> [any DispatchSourceSignal] {
        signal(SIGPIPE, SIG_IGN)
        return numbers.filter { !ignored.contains($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { handler(number) }
            source.resume()
            return source
        }
    }
}
