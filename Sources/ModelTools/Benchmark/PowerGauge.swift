import Foundation
import Synchronization

/// The mean power of what computes, read ten times a second on a thread of its own: a reading takes as long as the driver does.
final class PowerGauge: Sendable {
    private struct Sum {
        var watts = 0.0
        var count = 0.0
    }

    private let sum = Mutex(Sum())
    private let read: @Sendable () -> Double?

    /// - Parameter read: watts now; nil where none are told.
    init(_ read: @escaping @Sendable () -> Double?) {
        self.read = read
        Thread.detachNewThread { [weak self] in
            while self?.add() != nil { Thread.sleep(forTimeInterval: 0.1) }
        }
    }

    /// Forgets what was read, and reads once: also of the shortest work there is a reading.
    func restart() {
        sum.withLock { $0 = Sum() }
        add()
    }

    /// Watts since the last restart; nil where none were told.
    var mean: Double? { sum.withLock { $0.count > 0 ? $0.watts / $0.count : nil } }

    private func add() {
        guard let watts = read() else { return }
        sum.withLock {
            $0.watts += watts
            $0.count += 1
        }
    }
}
