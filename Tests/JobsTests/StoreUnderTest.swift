import Jobs
import PostgresJobs
import Synchronization

/// The stores that there are: what all of them promise is tested of each.
enum StoreKind: String, Sendable {
    case sqlite, postgres

    /// Without a server, those that need none; ``PostgresTests`` says that it is missing.
    static let here: [StoreKind] = PostgresServer.programs == nil ? [.sqlite] : [.sqlite, .postgres]

    /// An empty store.
    func store(_ change: (inout JobLimits) -> Void = { _ in }) async throws -> StoreUnderTest {
        var limits = JobLimits()
        change(&limits)
        switch self {
        case .sqlite:
            let file = try TemporaryFile(), clock = TestClock()
            return StoreUnderTest(try SQLiteJobStore(path: file.path, limits: limits) { clock.time }, owning: file) { clock.time = $0 }
        case .postgres:
            let database = try await TestDatabase()
            return StoreUnderTest(try database.store("a", limits: limits), owning: nil) { try await database.set($0) }
        }
    }
}

/// A database whose clock is the test's.
struct TestDatabase: Sendable {
    let address: PostgresAddress
    private let connection: PostgresConnection

    init() async throws {
        address = try await PostgresServer.shared.address()
        connection = PostgresConnection(address)
        // The tables.
        _ = try await PostgresJobStore(address, owner: "test").counts()
        try await connection.run { session throws(JobsError) in
            try session.run(
                script: """
                    CREATE TABLE test_clock AS SELECT 0::bigint AS time;
                    CREATE OR REPLACE FUNCTION glm_now() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT time FROM test_clock'
                    """)
        }
    }

    /// - Parameter owner: who claims by this store.
    func store(_ owner: String, limits: JobLimits = JobLimits(), lease: Duration = .seconds(30)) throws -> PostgresJobStore {
        try PostgresJobStore(address, limits: limits, lease: lease, owner: owner)
    }

    private static let setTime = PostgresStatement("set_time", "UPDATE test_clock SET time = $1::bigint WHERE time <> $1::bigint")

    /// - Parameter time: milliseconds since 1970.
    func set(_ time: Int64) async throws {
        try await connection.run { session throws(JobsError) in _ = try session.run(Self.setTime, [.integer(time)]) }
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
