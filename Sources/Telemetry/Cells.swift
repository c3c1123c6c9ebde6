import Metrics
import Synchronization

/// Where one series is counted. All are shared by every handle that was made with the same name and labels.
protocol Cell: AnyObject, Sendable {
    var reading: Reading { get }
}

/// What a cell says at one moment.
enum Reading: Sendable, Hashable {
    case number(Double)
    case histogram(Histogram)
}

/// Only rises. Holds doubles as bits, exact for whole numbers up to 2⁵³.
final class CounterCell: Cell, CounterHandler, FloatingPointCounterHandler {
    private let value = AtomicDouble()
    private let onRefusal: @Sendable () -> Void

    init(onRefusal: @escaping @Sendable () -> Void) { self.onRefusal = onRefusal }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) {
        guard amount >= 0, amount.isFinite else { return onRefusal() }
        value.add(amount)
    }

    func reset() { value.store(0) }

    var reading: Reading { .number(value.load()) }
}

/// The latest value.
final class GaugeCell: Cell, MeterHandler, RecorderHandler {
    private let value = AtomicDouble()

    func set(_ value: Int64) { self.value.store(Double(value)) }
    func set(_ value: Double) { self.value.store(value) }
    func increment(by amount: Double) { value.add(amount) }
    func decrement(by amount: Double) { value.add(-amount) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    var reading: Reading { .number(value.load()) }
}

/// Observations by size. One lock, so that buckets, sum and count of a reading are of the same observations.
final class HistogramCell: Cell, RecorderHandler, TimerHandler {
    private let histogram: Mutex<Histogram>
    private let onRefusal: @Sendable () -> Void

    init(buckets: [Double], onRefusal: @escaping @Sendable () -> Void) {
        histogram = Mutex(Histogram(bounds: buckets))
        self.onRefusal = onRefusal
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return onRefusal() }
        histogram.withLock { $0.observe(value) }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    var reading: Reading { .histogram(histogram.withLock { $0 }) }
}

/// For a series that is refused: counted nowhere.
final class NoCell: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    func increment(by: Int64) {}
    func increment(by: Double) {}
    func decrement(by: Double) {}
    func reset() {}
    func set(_: Int64) {}
    func set(_: Double) {}
    func record(_: Int64) {}
    func record(_: Double) {}
    func recordNanoseconds(_: Int64) {}
}

struct Histogram: Sendable, Hashable {
    /// Ascending, without infinity.
    let bounds: [Double]
    /// Observations in each bucket alone; the last is of those over all bounds.
    private(set) var counts: [UInt64]
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// A value that equals a bound lies under it.
    mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}

struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, current) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }
}
