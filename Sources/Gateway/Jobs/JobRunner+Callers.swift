import Domain
import Jobs
import ServerKit
import Traces
import Tracing
import Wire

/// What callers ask of their jobs.
extension JobRunner {
    private static let largestPage = 10_000
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
            let job = try await reachable().submit(
                Jobs.Job.Submission(
                    id, request: packed, title: kept.prompt.prefix(bytes: Self.titleBytes), submitter: Self.submitter(caller),
                    trace: ServiceContext.current?.traceContext?.traceparent ?? ""))
            wakeUp.yield()
            return linked(job)
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

    func get(_ id: String) async throws -> Wire.Job { linked(try await reachable().get(id)) }

    /// Nobody waits for a database that is known to be away.
    private func reachable() async throws -> any JobStore {
        if isShared, let problem = await storage.problem { throw JobsError(.storage, problem) }
        return store
    }

    /// Who left the job here.
    func submitter(of id: String) async throws -> String { try await reachable().get(id).submitter }

    /// Of all jobs, as they are.
    func copy() async throws -> JobCopy { try await store.copy() }

    /// - Throws: INVALID_ARGUMENT for a page that is none.
    func list(_ request: ListJobsRequest) async throws -> JobList {
        guard (0...Self.largestPage).contains(request.pageSize) else {
            throw CallError(.invalidArgument, "page_size \(request.pageSize) is outside 0 through \(Self.largestPage)")
        }
        let last = Int64(request.pageToken)
        guard request.pageToken.isEmpty || last.map({ $0 > 0 }) == true else {
            throw CallError(.invalidArgument, "page_token \"\(request.pageToken.prefix(40))\" is none that a list has told")
        }
        let size = request.pageSize == 0 ? Self.largestPage : request.pageSize
        // One more tells whether there is another page.
        let found = try await reachable().list(before: last, limit: size + 1)
        let page = found.prefix(size)
        return JobList(jobs: page.map { wire($0) }, nextPageToken: found.count > size ? page.last.map { "\($0.number)" } ?? "" : "")
    }

    func fetch(_ id: String) async throws -> GeneratedImage {
        let job = try await reachable().get(id)
        if let failure = job.failure { throw CallError(CallStatus(rawValue: failure.code), "job \(id) failed: \(failure.message)") }
        let result = try await reachable().result(id)
        var image = try GeneratedImage(packed: result.bytes, unknownFields: .skipped)
        if let object = result.object {
            guard let images else {
                throw CallError(.failedPrecondition, "the image of job \(id) is at \(object), and this gateway has no --results")
            }
            image.image = try await images.get(object)
        }
        return image
    }

    func cancel(_ id: String) async throws -> Wire.Job {
        let job = try await reachable().cancel(id)
        running[id]?.task.cancel()
        changed(id)
        return linked(job)
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
            let job: Wire.Job
            do { job = try await get(id) } catch let error as JobsError where isShared && error.isOfStorage {
                // When the database is back, all who watch are woken.
                continue
            }
            try await send(job)
            if job.state.hasEnded { return }
        }
        try Task.checkCancellation()
    }

    // MARK: -

    /// With the address of its image, where one can be told.
    private func linked(_ job: Jobs.Job) -> Wire.Job {
        var told = wire(job)
        if let object = job.object, let images { told.link = images.link(to: object) ?? "" }
        return told
    }

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
}
