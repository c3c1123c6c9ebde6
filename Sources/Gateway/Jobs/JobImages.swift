public import Buckets
import Jobs

/// The images of jobs in a bucket, an object each; how each was made stays with the job. Objects are named by their whole address, so that those of
/// a bucket that is not used any more are still found.
public struct JobImages: Sendable {
    private let bucket: Bucket

    /// How long a link opens its image, from when it was told on.
    private static let linkTime = Duration.seconds(3600)
    private static let largest = 64 << 20

    public init(_ bucket: Bucket) { self.bucket = bucket }

    /// Another for each lease: whoever has lost one can't write over what another has made.
    func object(of claim: Jobs.Job.Claim) -> String { "\(bucket.address.object("\(claim.id)-\(claim.lease)"))" }

    func put(_ image: [UInt8], at object: String, media: String) async throws(JobsError) {
        try await at(object) { address throws(BucketError) in try await bucket.put(image, at: address, media: media) }
    }

    func get(_ object: String) async throws(JobsError) -> [UInt8] {
        try await at(object) { address throws(BucketError) in try await bucket.get(address, limit: Self.largest) }
    }

    func delete(_ object: String) async throws(JobsError) {
        try await at(object) { address throws(BucketError) in try await bucket.delete(address) }
    }

    /// Nil: there are no credentials to sign one with.
    func link(to object: String) -> String? {
        do { return try bucket.link(to: try BucketAddress(parsing: object), for: Self.linkTime) } catch { return nil }
    }

    private func at<R>(_ object: String, _ body: (BucketAddress) async throws(BucketError) -> R) async throws(JobsError) -> R {
        do throws(BucketError) {
            return try await body(try BucketAddress(parsing: object))
        } catch {
            throw error.isMissing ? JobsError(.notFound, "\(object) is not there any more") : JobsError(.storage, error.description)
        }
    }
}
