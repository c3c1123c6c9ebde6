import Crypto
import Domain
import Foundation
public import Jobs
public import Logging
import ServerKit
import Traces
import Tracing
import Wire

/// Does the jobs of a store: as many at once as may be, each to its end or the gateway's, whichever comes first.
///
/// A job that the gateway's end cuts short goes back to its place and is begun anew by the next gateway; the store lets only
/// one attempt end it. While the storage fails, jobs wait for it: see ``StorageRetry``.
public actor JobRunner {
    private let store: any JobStore
    private let imageService: ImageService
    private let audit: AuditTrail
    private let kept: Duration
    private let logger: Logger
    private let storage: StorageRetry
    private var running: [String: Task<Void, Never>] = [:]
    private var progress: [String: Wire.Progress] = [:]
    private var watchers: [Int: (id: String, wake: AsyncStream<Void>.Continuation)] = [:]
    private var lastWatcher = 0
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// In the order of requests, all jobs of a submitter are one caller, beside its own requests: who submits many has no more by it.
    private static func caller(_ submitter: String) -> Caller { Caller(identity: "jobs:\(submitter)") }
    /// Jobs under way at the same time; each waits for slots most of its life.
    private static let atOnce = 32
    private static let forgottenTogether = 100

    /// - Parameter kept: how long a job that has ended is kept.
    public init(store: any JobStore, imageService: ImageService, audit: AuditTrail, kept: Duration, logger: Logger) {
        self.store = store
        self.imageService = imageService
        self.audit = audit
        self.kept = kept
        self.logger = logger
        storage = StorageRetry(logger: logger)
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes up what the gateway before this one left, then works until the task is cancelled.
    /// - Throws: `JobsError` that the storage is not the cause of.
    public func run() async throws {
        do {
            let found = try await storage.run { [store] () throws(JobsError) in
                try await store.recover(exhaustedCode: CallStatus.aborted.rawValue)
            }
            if !found.queued.isEmpty { logger.notice("jobs of the previous gateway are resumed", metadata: ["jobs": "\(found.queued.count)"]) }
            let expiring = Task { await expire() }
            defer { expiring.cancel() }
            wakeUp.yield()
            for await _ in wakeUps {
                while running.count < Self.atOnce, let claim = try await claimNext() { begin(claim) }
            }
        } catch is CancellationError {
            // Told to end while the storage failed.
        } catch {
            await stop()
            throw error
        }
        await stop()
    }

    /// Why no job can be kept or ended now; nil while all is well.
    var problem: String? { get async { await storage.problem.map { "jobs are paused: \($0)" } } }

    private func claimNext() async throws -> Jobs.Job.Claim? {
        try await storage.run { [store] () throws(JobsError) in try await store.claimNext() }
    }

    /// Cancels what is under way and gives it back. Returns when the store knows.
    private func stop() async {
        let tasks = Array(running.values)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: What callers ask

    /// Of the prompt: a list of as many jobs as are kept is one answer.
    private static let titleBytes = 200

    func submit(_ request: SubmitJobRequest, by caller: Caller, requestID: String) async throws -> Wire.Job {
        let kept: GenerateImageRequest
        do { kept = try await checked(request.request, by: caller, requestID: requestID) } catch {
            await audit.record(request.request, AuditRecord.Origin(requestID: requestID, caller: caller.identity), refusal: error)
            throw error
        }
        let id = request.id.isEmpty ? JobID.make() : request.id
        do {
            let packed = try kept.packed()
            let job = try await store.submit(
                Jobs.Job.Submission(
                    id, request: packed, title: kept.prompt.prefix(bytes: Self.titleBytes), submitter: Self.submitter(caller),
                    trace: ServiceContext.current?.traceContext?.traceparent ?? ""))
            wakeUp.yield()
            return wire(job)
        } catch let error as JobsError where error.isOfStorage {
            await watchStorage()
            throw error
        }
    }

    /// What no fleet could do is refused before it is kept. Whoever does the job does not know the key: what it decides is decided here.
    private func checked(_ request: GenerateImageRequest, by caller: Caller, requestID: String) async throws -> GenerateImageRequest {
        let validated = try await imageService.validate(request, requestID: requestID, mayOmitLabel: caller.mayOmitLabel)
        let partials = request.partialImages
        guard partials == 0 else { throw CallError(.invalidArgument, "partial_images \(partials) of a job; nobody waits for them") }
        var kept = request
        if !caller.models.isEmpty { kept.model = try await imageService.models(validated, for: caller).name }
        // The gateway that draws it may label all images where this one does not.
        if !caller.mayOmitLabel, kept.explicitLabel == false { kept.explicitLabel = nil }
        return kept
    }
    /// All programs of this host are one: each `glm generate --detach` is a program of its own.
    private static func submitter(_ caller: Caller) -> String { caller.isLocal ? "unix" : caller.identity }

    func get(_ id: String) async throws -> Wire.Job { wire(try await store.get(id)) }
    /// Who left the job here.
    func submitter(of id: String) async throws -> String { try await store.get(id).submitter }
    func list() async throws -> [Wire.Job] { try await store.list(before: nil, limit: .max).map(wire) }
    func counts() async throws -> Wire.JobCounts {
        let counts = try await store.counts()
        return Wire.JobCounts(queued: counts.queued, running: counts.running, ended: counts.ended)
    }

    func fetch(_ id: String) async throws -> GeneratedImage {
        let job = try await store.get(id)
        if let failure = job.failure { throw CallError(CallStatus(rawValue: failure.code), "job \(id) failed: \(failure.message)") }
        return try GeneratedImage(packed: try await store.result(id).bytes, unknownFields: .skipped)
    }

    func cancel(_ id: String) async throws -> Wire.Job {
        let job = try await store.cancel(id)
        running[id]?.cancel()
        changed(id)
        return wire(job)
    }

    /// Sends the job now and after every change; ends when the job has.
    func watch(_ id: String, _ send: Send<Wire.Job>) async throws {
        lastWatcher += 1
        let watcher = lastWatcher
        let (stream, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        watchers[watcher] = (id, wake)
        defer { watchers[watcher] = nil }
        wake.yield()
        for await _ in stream {
            let job = try await get(id)
            try await send(job)
            if job.state.hasEnded { return }
        }
        try Task.checkCancellation()
    }

    // MARK: One job

    private func begin(_ claim: Jobs.Job.Claim) {
        changed(claim.id)
        var context = ServiceContext.topLevel
        context.requestID = claim.id
        context.traceContext = TraceContext(traceparent: claim.trace)
        running[claim.id] = Task { [context] in
            await ServiceContext.withValue(context) { await work(claim) }
            ended(claim.id)
        }
    }

    /// Takes a claimed job to its end. The picture is held until the store has it.
    private func work(_ claim: Jobs.Job.Claim) async {
        do {
            let image = try await withSpan("job", ofKind: .consumer) { span in
                span.attributes["glm.attempt"] = claim.attempt
                return try await make(claim)
            }
            let result = Jobs.Job.Result(bytes: try image.packed(), media: image.parameters.format.mediaType)
            try await storage.run { [store] () throws(JobsError) in _ = try await store.finish(claim, result) }
            logger.info("job is done", metadata: ["job": "\(claim.id)"])
        } catch is CancellationError {
            // A cancelled job has ended already, and refuses. Where the storage fails, the next gateway's recovery does the same.
            _ = try? await store.giveBack(claim)
        } catch let error as JobsError where error.code == .wrongState {
            logger.info("job has ended meanwhile", metadata: ["job": "\(claim.id)", "reason": "\(error)"])
        } catch {
            await fail(claim, error as? CallError ?? CallError(.internalError, "\(error)"))
        }
    }

    private func fail(_ claim: Jobs.Job.Claim, _ error: CallError) async {
        logger.error("job failed", metadata: ["job": "\(claim.id)", "problem": "\(error)"])
        let failure = Jobs.Job.Failure(code: error.status.rawValue, message: error.message)
        do {
            try await storage.run { [store] () throws(JobsError) in _ = try await store.fail(claim, failure) }
        } catch {
            logger.info("the failure of a job is not kept", metadata: ["job": "\(claim.id)", "reason": "\(error)"])
        }
    }

    private func make(_ claim: Jobs.Job.Claim) async throws -> GeneratedImage {
        var request = try GenerateImageRequest(packed: claim.request)
        // An attempt that follows another makes the same picture.
        if request.parameters.seed == nil { request.parameters.seed = Self.seed(claim.id) }
        return try await audit.recording(request, AuditRecord.Origin(requestID: claim.id, caller: claim.submitter)) { [request] in
            try await make(request, of: claim)
        }
    }

    private func make(_ request: GenerateImageRequest, of claim: Jobs.Job.Claim) async throws -> GeneratedImage {
        while true {
            // What its caller has no right to was refused when it was submitted.
            let validated = try await imageService.validate(request, requestID: claim.id, mayOmitLabel: true)
            do {
                return try await imageService.make(validated, by: Self.caller(claim.submitter), deadline: nil) { _ in
                } tell: {
                    if case .progress(let progress) = $0 { await self.made(claim.id, progress) }
                }
            } catch let error as CallError where error.status == .unavailable || error.status == .resourceExhausted {
                // Nobody waits for an answer: it may take as long as it takes.
                try await Pause.for(max(error.retryAfter ?? .seconds(1), .milliseconds(200)))
            }
        }
    }

    private func made(_ id: String, _ progress: Wire.Progress) {
        self.progress[id] = progress
        changed(id)
    }

    private func ended(_ id: String) {
        running[id] = nil
        progress[id] = nil
        changed(id)
        wakeUp.yield()
    }

    private func changed(_ id: String) {
        for watcher in watchers.values where watcher.id == id { watcher.wake.yield() }
    }

    // MARK: Storage

    /// A caller was refused because the storage failed: readiness says so until a write succeeds.
    private func watchStorage() async {
        guard await storage.problem == nil else { return }
        Task { [storage, store] in
            try? await storage.run { () throws(JobsError) in try await store.checkWritable() }
        }
    }

    /// Deletes expired jobs from time to time. A failure is logged; the next round tries again.
    private func expire() async {
        while !Task.isCancelled {
            do {
                var count = 0
                while case let expired = try await store.expired(after: kept, limit: Self.forgottenTogether), !expired.isEmpty {
                    count += try await store.forget(expired)
                }
                if count > 0 { logger.info("expired jobs deleted", metadata: ["jobs": "\(count)"]) }
            } catch {
                logger.warning("expired jobs could not be deleted; the next round tries again", metadata: ["problem": "\(error)"])
            }
            try? await Task.sleep(for: min(max(kept / 10, .seconds(1)), .seconds(600)))
        }
    }

    // MARK: -

    private func wire(_ job: Jobs.Job) -> Wire.Job {
        let state: JobState =
            switch job.state {
            case .queued: .queued
            case .running: .running
            case .done: .done
            case .failed: .failed
            case .cancelled: .cancelled
            }
        return Wire.Job(
            id: job.id, state: state, prompt: job.title, submittedMs: Int(job.submitted), endedMs: Int(job.ended ?? 0), attempts: job.attempts,
            error: job.failure?.message ?? "", errorStatus: job.failure?.code ?? 0, progress: progress[job.id])
    }

    /// 32 bits, as those that the gateway draws.
    private static func seed(_ id: String) -> UInt64 {
        SHA256.hash(data: Array(id.utf8)).prefix(4).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
