import ArgumentParser
import Buckets
import Domain
import Foundation
import Gateway
import Placement
import PostgresJobs
import ServerKit

/// The flags about jobs.
struct JobFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Database of the jobs, postgres://USER@HOST/DATABASE, which all gateways that name it share. Its password is read from PGPASSWORD or ~/.pgpass. Default: the file jobs.sqlite in the state directory, for this gateway alone.",
            valueName: "url"))
    var jobs: String?

    @Option(help: ArgumentHelp("Jobs that may wait, 1 to 1000000. Default: the topology's, else 256.", valueName: "n"))
    var jobsQueued: Int?

    @Option(
        help: ArgumentHelp("Jobs that this gateway has under way at the same time, 1 to 10000. Default: the topology's, else 32.", valueName: "n"))
    var jobsRunning: Int?

    @Option(
        help: ArgumentHelp(
            "Room for the requests and results of all jobs, as 64GiB. Default: the topology's, else 8GiB, or what the jobs that may wait can need.",
            valueName: "size"),
        transform: ByteCount.read)
    var jobsBytes: ByteCount?

    @Option(
        help: ArgumentHelp(
            "With a database: a job is another gateway's once nothing was heard for so long of the one that works on it, 5 to 3600. Default: 30.",
            valueName: "seconds"))
    var jobsLease: Double?

    @Option(
        help: ArgumentHelp(
            "Bucket for the images of jobs, s3://BUCKET/PREFIX; credentials and region are read as Amazon's programs do: AWS_ACCESS_KEY_ID and others, ~/.aws. Default: images are kept with the jobs.",
            valueName: "url"))
    var results: String?

    @Option(help: ArgumentHelp("Server of the bucket, as https://s3.example.org:9000. Default: AWS_ENDPOINT_URL, else Amazon's.", valueName: "url"))
    var resultsEndpoint: String?

    func validate() throws {
        do { _ = try jobs.map { try PostgresAddress(parsing: $0) } } catch { throw ValidationError("--jobs: \(error)") }
        do { _ = try bucket() } catch { throw ValidationError("--results: \(error)") }
        for (flag, value, range) in [
            ("--jobs-queued", jobsQueued, Topology.Limits.jobsQueuedRange), ("--jobs-running", jobsRunning, Topology.Limits.jobsRunningRange),
        ] {
            if let value, !range.contains(value) { throw ValidationError("\(flag) is \(value); \(range.lowerBound) to \(range.upperBound)") }
        }
        if let jobsBytes, jobsBytes.bytes < Topology.Limits.leastJobsBytes { throw ValidationError("--jobs-bytes is \(jobsBytes); at least 64MiB") }
        if let jobsLease {
            guard jobs != nil else { throw ValidationError("--jobs-lease is for a database of --jobs; a file has one owner") }
            guard (5...3600).contains(jobsLease) else { throw ValidationError("--jobs-lease is \(jobsLease); 5 to 3600 seconds") }
        }
        if resultsEndpoint != nil, results == nil { throw ValidationError("--results-endpoint is for a bucket of --results; there is none") }
    }

    func configuration() throws -> JobConfiguration {
        JobConfiguration(
            database: try jobs.map { try PostgresAddress(parsing: $0) }, lease: jobsLease.map { .seconds($0) } ?? JobConfiguration.lease,
            results: try bucket())
    }

    /// - Parameter planned: the topology's.
    func bounds(_ planned: JobBounds) -> JobBounds {
        var bounds = planned
        bounds.queued = jobsQueued ?? bounds.queued
        bounds.running = jobsRunning ?? bounds.running
        bounds.bytes = jobsBytes?.bytes ?? bounds.bytes
        return bounds
    }

    private func bucket() throws -> Bucket? {
        try results.map {
            try Bucket(try BucketAddress(parsing: $0), endpoint: resultsEndpoint, variables: ProcessInfo.processInfo.environment)
        }
    }
}
