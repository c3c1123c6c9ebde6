import Domain
public import Jobs
public import Logging
import ServerKit
import Wire

/// Does the jobs of a store: as many at once as may be, each to its end or the gateway's, whichever comes first.
///
/// A job that the gateway's end cuts short goes back to its place and is begun anew by the next gateway, or by another one that has the same
/// store; the store lets only one attempt end it. While the storage fails, jobs wait for it: see ``StorageRetry``.
public actor JobRunner {
    struct Running {
        let claim: Jobs.Job.Claim
        let task: Task<Void, Never>
    }

    let store: any JobStore
    let images: JobImages?
    let imageService: ImageService
    let audit: AuditTrail
    let logger: Logger
    let storage: StorageRetry
    /// Of the bucket: callers need not wait for it.
    let bucket: StorageRetry
    private let bounds: JobBounds
    var running: [String: Running] = [:]
    var progress: [String: Wire.Progress] = [:]
    var watchers: [Int: (id: String, wake: AsyncStream<Void>.Continuation)] = [:]
    var lastWatcher = 0
    private var known: Jobs.JobCounts?
    private let wakeUps: AsyncStream<Void>
    let wakeUp: AsyncStream<Void>.Continuation

    private static let forgottenTogether = 100

    /// - Parameter images: where the images are kept; nil: in the store.
    public init(store: any JobStore, images: JobImages? = nil, imageService: ImageService, audit: AuditTrail, bounds: JobBounds, logger: Logger) {
        self.store = store
        self.images = images
        self.imageService = imageService
        self.audit = audit
        self.bounds = bounds
        self.logger = logger
        storage = StorageRetry(logger: logger)
        bucket = StorageRetry(logger: logger)
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes up what the gateway before this one left, then works until the task is cancelled.
    /// - Throws: `JobsError` that the storage is not the cause of.
    public func run() async throws {
        do {
            try await takeUp()
            let besides = [Task { await expire() }, Task { await listen() }, Task { await keepLeases() }]
            defer { for task in besides { task.cancel() } }
            wakeUp.yield()
            for await _ in wakeUps {
                let room = await room
                while running.count < room, let claim = try await claimNext() { begin(claim) }
            }
        } catch is CancellationError {
            // Told to end while the storage failed.
        } catch {
            await stop()
            throw error
        }
        await stop()
    }

    /// Other gateways have the same store.
    var isShared: Bool { store.lease != nil }

    /// Why no job can be kept or ended now; nil while all is well.
    var problem: String? {
        get async {
            let reason = if let problem = await storage.problem { problem } else { await bucket.problem }
            return reason.map { "jobs are paused: \($0)" }
        }
    }

    /// Jobs that may be under way here. Where other gateways take jobs too, no more than the stages have work for: what waits is everybody's.
    var room: Int { get async { isShared ? min(bounds.running, await imageService.slots) : bounds.running } }

    /// Of a database those that were known last: nobody waits for one that hangs. Nil: it is away.
    func counts() async throws -> Wire.JobCounts? {
        let counts = isShared ? known : try await store.counts()
        return counts.map { Wire.JobCounts(queued: $0.queued, running: $0.running, ended: $0.ended) }
    }

    private func claimNext() async throws -> Jobs.Job.Claim? {
        try await storage.run { [store] () throws(JobsError) in try await store.claimNext() }
    }

    /// What processes that are gone have left.
    private func takeUp() async throws {
        let found = try await storage.run { [store] () throws(JobsError) in try await store.recover(exhaustedCode: CallStatus.aborted.rawValue) }
        if !found.queued.isEmpty { logger.notice("jobs of another gateway are resumed", metadata: ["jobs": "\(found.queued.count)"]) }
        if !found.failed.isEmpty { logger.error("jobs were begun too often", metadata: ["jobs": "\(found.failed.joined(separator: ", "))"]) }
    }

    /// Cancels what is under way and gives it back. Returns when the store knows.
    private func stop() async {
        let tasks = running.values.map(\.task)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: Others with the same store

    /// What they do ends work of this gateway, wakes it, and is told to those who watch.
    private func listen() async {
        for await change in store.changes {
            guard let id = change.id else {
                lookAgain()
                continue
            }
            changed(id)
            switch change.state {
            case .queued: wakeUp.yield()
            case .cancelled: running[id]?.task.cancel()
            default: break
            }
        }
    }

    /// Renews what is under way here, and takes up what others have lost. Word of changes may get lost; this finds them too.
    private func keepLeases() async {
        guard let lease = store.lease else { return }
        while !Task.isCancelled {
            do {
                let claims = running.values.map(\.claim)
                let held = try await storage.run { [store] () throws(JobsError) in try await store.renew(claims) }
                for claim in claims where !held.contains(claim) && running[claim.id]?.claim == claim { running[claim.id]?.task.cancel() }
                try await takeUp()
                known = try await store.counts()
            } catch {
                known = nil
                if !(error is CancellationError) { logger.warning("leases of jobs are not renewed", metadata: ["problem": "\(error)"]) }
            }
            lookAgain()
            try? await Task.sleep(for: lease / 3)
        }
    }

    private func lookAgain() {
        for watcher in watchers.values { watcher.wake.yield() }
        wakeUp.yield()
    }

    func changed(_ id: String) {
        for watcher in watchers.values where watcher.id == id { watcher.wake.yield() }
    }

    // MARK: Storage

    /// A caller was refused because the storage failed: readiness says so until a write succeeds.
    func watchStorage() async {
        guard await storage.problem == nil else { return }
        Task { [storage, store] in
            try? await storage.run { () throws(JobsError) in try await store.checkWritable() }
        }
    }

    /// Deletes expired jobs from time to time. A failure is logged; the next round tries again.
    private func expire() async {
        while !Task.isCancelled {
            do {
                let count = try await forgetExpired()
                if count > 0 { logger.info("expired jobs deleted", metadata: ["jobs": "\(count)"]) }
            } catch {
                logger.warning("expired jobs could not be deleted; the next round tries again", metadata: ["problem": "\(error)"])
            }
            try? await Task.sleep(for: min(max(bounds.kept / 10, .seconds(1)), .seconds(600)))
        }
    }

    /// Images first: a job that is forgotten leaves nothing behind.
    private func forgetExpired() async throws -> Int {
        var count = 0
        while case let expired = try await store.expired(after: bounds.kept, limit: Self.forgottenTogether), !expired.isEmpty {
            for object in expired.compactMap(\.object) {
                if let images {
                    try await images.delete(object)
                } else {
                    logger.warning("an image stays where it is, for this gateway has no --results", metadata: ["image": "\(object)"])
                }
            }
            count += try await store.forget(expired)
        }
        return count
    }
}
