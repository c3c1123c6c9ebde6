package import Jobs
package import Logging
import ServerKit

/// Repeats what a store can't do for now: a full disk or a database that is away pauses the jobs, and loses none.
package actor StorageRetry {
    private let logger: Logger
    /// Why each operation waits, by its number.
    private var waiting: [Int: String] = [:]
    private var last = 0

    package init(logger: Logger) { self.logger = logger }

    /// Why the store can't be used; nil while it can.
    package var problem: String? { waiting.min { $0.key < $1.key }?.value }

    /// Runs `body`, and again after pauses of 0.1 to 1 s for as long as the storage fails.
    /// - Throws: what else the store refuses; `CancellationError`.
    package func run<R: Sendable>(_ body: @Sendable () async throws(JobsError) -> R) async throws -> R {
        last += 1
        let operation = last
        defer { forget(operation) }
        var pause = Duration.milliseconds(100)
        while true {
            do throws(JobsError) {
                return try await body()
            } catch {
                guard error.isOfStorage else { throw error }
                note(operation, error)
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    private func note(_ operation: Int, _ error: JobsError) {
        if waiting.isEmpty { logger.error("jobs are paused: the storage fails", metadata: ["problem": "\(error)"]) }
        waiting[operation] = error.message
    }

    private func forget(_ operation: Int) {
        guard waiting.removeValue(forKey: operation) != nil, waiting.isEmpty else { return }
        logger.notice("jobs continue: the storage works again")
    }
}

extension JobsError {
    /// The disk, the file or the database is at fault, not the job: the same operation can succeed later.
    var isOfStorage: Bool { code == .storage || code == .inUse || code == .unreadable || code == .newer }
}
