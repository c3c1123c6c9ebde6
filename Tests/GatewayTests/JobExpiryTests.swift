import Foundation
import GRDB
import Gateway
import Jobs
import Logging
import Processes
import ServerKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct JobExpiryTests {
    @Test("an expiry that fails is logged, and a later round deletes what has expired")
    func failsOnce() async throws {
        let folder = try PrivateFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/jobs.sqlite"
        try await leaveEndedJob(path)
        // The file refuses to forget jobs for the next second.
        try await DatabaseQueue(path: path).writeWithoutTransaction { db in
            let until = Int(Date().timeIntervalSince1970) + 2
            try db.execute(
                sql: """
                    CREATE TRIGGER stubborn BEFORE DELETE ON job WHEN CAST(strftime('%s', 'now') AS INTEGER) < \(until)
                    BEGIN SELECT RAISE(ABORT, 'not yet'); END
                    """)
        }
        let (lines, onLine) = AsyncStream.makeStream(of: String.self)
        let logger = Logger(label: "test") { _ in LineLog { onLine.yield($0) } }
        let store = try SQLiteJobStore(path: path)
        let service = ImageService(
            runner: PipelineRunner(fleet: Fleet(folder: RunDirectory(path: folder), logger: logger), limit: 1), logger: logger)
        var bounds = JobBounds()
        bounds.kept = .milliseconds(1)
        let runner = JobRunner(
            store: store, imageService: service, audit: try AuditTrail(nil, logger: logger), bounds: bounds, logger: logger)
        let running = Task { try await runner.run() }
        var log = lines.makeAsyncIterator()
        #expect(await log.next() == "expired jobs could not be deleted; the next round tries again")
        while let line = await log.next(), line != "expired jobs deleted" {}
        let jobs = try await store.list(before: nil, limit: 1)
        #expect(jobs.isEmpty)
        running.cancel()
        try await running.value
    }

    private func leaveEndedJob(_ path: String) async throws {
        let store = try SQLiteJobStore(path: path)
        _ = try await store.submit(Job.Submission("old", request: [1]))
        _ = try await store.cancel("old")
        try store.close()
    }
}

/// Hands messages on.
private struct LineLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    let onLine: @Sendable (String) -> Void

    init(_ onLine: @escaping @Sendable (String) -> Void) { self.onLine = onLine }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { onLine("\(event.message)") }
}
