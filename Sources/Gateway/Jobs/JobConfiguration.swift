public import Buckets
import Foundation
package import Jobs
public import PostgresJobs
import Wire

/// Where jobs and their images are kept.
public struct JobConfiguration: Sendable {
    /// Shared by all gateways that name it; nil: a file of this one.
    public var database: PostgresAddress?
    /// How long a job that is under way stays this gateway's if nothing is heard of it; of a database.
    public var lease: Duration
    /// Nil: images are kept with the jobs.
    public var results: Bucket?

    public static let lease = PostgresJobStore.leaseTime

    public init(database: PostgresAddress? = nil, lease: Duration = lease, results: Bucket? = nil) {
        self.database = database
        self.lease = lease
        self.results = results
    }

    var images: JobImages? { results.map { JobImages($0) } }

    /// - Parameter folder: of the file.
    func store(_ bounds: JobBounds, in folder: String) throws(JobsError) -> any JobStore {
        let limits = limits(bounds)
        guard let database else { return try SQLiteJobStore(path: "\(folder)/jobs.sqlite", limits: limits) }
        // The name tells people which host it is; the number tells it from all others, also from itself after a restart.
        return try PostgresJobStore(database, limits: limits, lease: lease, owner: "\(ProcessInfo.processInfo.hostName)-\(RequestID.make())")
    }

    /// Room for the request of a job, unless it brings large images.
    private static let requestBytes = 1 << 20

    /// All jobs that may wait, or that the gateway has under way, find room for themselves and their results.
    package func limits(_ bounds: JobBounds) -> JobLimits {
        var limits = JobLimits()
        // How an image was made is all that is left of the result.
        if results != nil { limits.resultBytes = 1 << 20 }
        limits.queued = bounds.queued
        limits.kept = max(limits.kept, 20 * bounds.queued)
        limits.bytes = bounds.bytes ?? max(limits.bytes, (bounds.queued + bounds.running) * (limits.resultBytes + Self.requestBytes))
        return limits
    }
}
