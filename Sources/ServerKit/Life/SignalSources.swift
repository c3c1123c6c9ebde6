public import Dispatch
import Foundation

/// Signals as events, instead of the end of the process.
public enum SignalSources {
    /// Calls `handler` with the number of each of these signals from now on. A broken pipe is an error of its write, no signal.
    /// - Returns: to be kept, and cancelled when the signals are not to be heard any more.
    public static func hear(_ numbers: [Int32], _ handler: @escaping @Sendable (Int32) -> Void) -> [any DispatchSourceSignal] {
        signal(SIGPIPE, SIG_IGN)
        return numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { handler(number) }
            source.resume()
            return source
        }
    }
}
