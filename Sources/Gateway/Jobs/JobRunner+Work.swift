import Crypto
import Domain
import Jobs
import Logging
import ServerKit
import Traces
import Tracing
import Wire

/// One job.
extension JobRunner {
    /// In the order of requests, all jobs of a submitter are one caller, beside its own requests: who submits many has no more by it.
    private static func caller(_ submitter: String) -> Caller { Caller(identity: "jobs:\(submitter)") }

    func begin(_ claim: Jobs.Job.Claim) {
        changed(claim.id)
        var context = ServiceContext.topLevel
        context.requestID = claim.id
        context.traceContext = TraceContext(traceparent: claim.trace)
        let task = Task { [context] in
            await ServiceContext.withValue(context) { await work(claim) }
            ended(claim)
        }
        running[claim.id] = Running(claim: claim, task: task)
    }

    /// Takes a claimed job to its end. The picture is held until the store has it.
    private func work(_ claim: Jobs.Job.Claim) async {
        do {
            let image = try await withSpan("job", ofKind: .consumer) { span in
                span.attributes["glm.attempt"] = claim.attempt
                return try await make(claim)
            }
            try await keep(image, of: claim)
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

    /// In the bucket first, where there is one: a job that is done has its image.
    private func keep(_ image: GeneratedImage, of claim: Jobs.Job.Claim) async throws {
        let media = image.parameters.format.mediaType
        guard let images else {
            let result = Jobs.Job.Result(bytes: try image.packed(), media: media)
            _ = try await storage.run { [store] () throws(JobsError) in try await store.finish(claim, result) }
            return
        }
        let object = images.object(of: claim)
        try await bucket.run { () throws(JobsError) in try await images.put(image.image, at: object, media: media) }
        var rest = image
        rest.image = []
        let result = Jobs.Job.Result(bytes: try rest.packed(), media: media, object: object)
        do {
            _ = try await storage.run { [store] () throws(JobsError) in try await store.finish(claim, result) }
        } catch {
            await drop(object, of: claim)
            throw error
        }
    }

    /// Deletes what no job names. That the store has refused does not say so: it may have kept the job, and its answer have been lost.
    private func drop(_ object: String, of claim: Jobs.Job.Claim) async {
        do throws(JobsError) {
            guard try await store.get(claim.id).object != object else { return }
        } catch {
            // Else it was cancelled, and has expired meanwhile.
            guard error.code == .notFound else { return }
        }
        // Also when this task is cancelled.
        await Task { [images] in try? await images?.delete(object) }.value
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
                // Another gateway may do it at once.
                if isShared, error.status == .unavailable, await room == 0 { throw CancellationError() }
                // Nobody waits for an answer: it may take as long as it takes.
                try await Pause.for(max(error.retryAfter ?? .seconds(1), .milliseconds(200)))
            }
        }
    }

    private func made(_ id: String, _ progress: Wire.Progress) {
        self.progress[id] = progress
        changed(id)
    }

    private func ended(_ claim: Jobs.Job.Claim) {
        // Where its lease was lost, this gateway may have claimed it again.
        if running[claim.id]?.claim == claim {
            running[claim.id] = nil
            progress[claim.id] = nil
        }
        changed(claim.id)
        wakeUp.yield()
    }

    /// 32 bits, as those that the gateway draws.
    private static func seed(_ id: String) -> UInt64 {
        SHA256.hash(data: Array(id.utf8)).prefix(4).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
