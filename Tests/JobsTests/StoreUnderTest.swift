import Jobs
import Synchronization

/// The stores that there are: what all of them promise is tested of each.
enum StoreKind: String, Sendable {
    case sqlite

    static let here: [StoreKind] = [.sqlite]

    /// An empty store.
    func store(_ change: (inout JobLimits) -> Void = { _ in }) async throws -> StoreUnderTest {
        var limits = JobLimits()
        change(&limits)
        switch self {
        case .sqlite:
            let file = try TemporaryFile(), clock = TestClock()
            return StoreUnderTest(try SQLiteJobStore(path: file.path, limits: limits) { clock.time }, owning: file) { clock.time = $0 }
        }
    }
}

/// A store whose time is the test's.
final class StoreUnderTest: Sendable {
    /// At the time that it was last.
    let now: any JobStore
    private let file: TemporaryFile?
    private let setTime: @Sendable (Int64) async throws -> Void

    init(_ store: any JobStore, owning file: TemporaryFile?, setTime: @escaping @Sendable (Int64) async throws -> Void) {
        now = store
        self.file = file
        self.setTime = setTime
    }

    /// - Parameter time: milliseconds since 1970.
    func at(_ time: Int64) async throws -> any JobStore {
        try await setTime(time)
        return now
    }

    @discardableResult
    func expire(at time: Int64, after age: Duration) async throws -> Int {
        try await now.forget(try await at(time).expired(after: age, limit: 100))
    }
}

private final class TestClock: Sendable {
    private let value = Atomic<Int64>(0)

    var time: Int64 {
        get { value.load(ordering: .relaxed) }
        set { value.store(newValue, ordering: .relaxed) }
    }
}
