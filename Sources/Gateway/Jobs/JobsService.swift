import Jobs
public import Keys
public import ServerKit
public import Wire

/// Answers ``Methods/Jobs``.
public struct JobsService: JobsHandler {
    private let runner: JobRunner
    private let access: AccessRule
    private let usage: KeyUsage

    /// - Parameter usage: a job that is kept counts for its caller's key.
    public init(_ runner: JobRunner, access: AccessRule, usage: KeyUsage) {
        self.runner = runner
        self.access = access
        self.usage = usage
    }

    public func submit(_ request: SubmitJobRequest, _ call: ServerCall) async throws -> Wire.Job {
        // The same job once more, for its answer was lost, makes no further image.
        if !request.id.isEmpty, (try? await runner.submitter(of: request.id)) == call.caller.identity { return try await keep(request, call) }
        return try await usage.counting(for: call.caller) { try await keep(request, call) }
    }

    private func keep(_ request: SubmitJobRequest, _ call: ServerCall) async throws -> Wire.Job {
        let job = try await translating { try await runner.submit(request, by: call.caller, requestID: call.requestID) }
        // It may have been there, of another caller.
        try await check(job.id, call)
        return job
    }

    public func get(_ request: JobRequest, _ call: ServerCall) async throws -> Wire.Job {
        try await check(request.id, call)
        return try await translating { try await runner.get(request.id) }
    }

    public func watch(_ request: JobRequest, _ call: ServerCall, send: @escaping Send<Wire.Job>) async throws {
        try await check(request.id, call)
        try await translating { try await endingWithCall { try await runner.watch(request.id, send) } }
    }

    public func list(_ request: ListJobsRequest, _ call: ServerCall) async throws -> JobList {
        try await translating { try await runner.list(request) }
    }

    public func fetch(_ request: JobRequest, _ call: ServerCall) async throws -> GeneratedImage {
        try await check(request.id, call)
        return try await translating { try await runner.fetch(request.id) }
    }

    public func cancel(_ request: JobRequest, _ call: ServerCall) async throws -> Wire.Job {
        try await check(request.id, call)
        return try await translating { try await runner.cancel(request.id) }
    }

    /// Of a copy, in one message.
    private static let partBytes = 512 << 10

    public func backup(_ request: BackupJobsRequest, _ call: ServerCall, send: @escaping Send<JobsBackupPart>) async throws {
        do {
            let copy = try await runner.copy()
            try await endingWithCall {
                for offset in stride(from: 0, to: copy.bytes, by: Self.partBytes) {
                    try Task.checkCancellation()
                    let bytes = try copy.read(at: offset, Self.partBytes)
                    try await send(JobsBackupPart(bytes: bytes, totalBytes: copy.bytes, jobs: copy.jobs))
                }
            }
        } catch let error as JobsError {
            // Jobs go on where there is room for them, but not for another copy.
            throw error.isOfStorage ? CallError(.resourceExhausted, "no copy of the jobs: \(error.message)") : CallError(error)
        }
    }

    /// A job is there for operators and for whoever left it here; without keys, over a network, also for whoever knows an id that nobody can guess.
    private func check(_ id: String, _ call: ServerCall) async throws {
        guard !access.isOperator(call.caller), call.caller.grant != nil || id.utf8.count < JobID.bytes else { return }
        let submitter: String?
        do {
            submitter = try await runner.submitter(of: id)
        } catch let error as JobsError where error.code == .notFound {
            submitter = nil
        } catch let error as JobsError {
            throw CallError(error)
        }
        guard submitter == call.caller.identity else { throw CallError(.notFound, "there is no job \(id) of this caller") }
    }

    private func translating<R>(_ body: () async throws -> R) async throws -> R {
        do { return try await body() } catch let error as JobsError { throw CallError(error) }
    }
}

extension CallError {
    fileprivate init(_ error: JobsError) {
        switch error.code {
        case .invalid, .tooLarge: self.init(.invalidArgument, error.message)
        case .conflict: self.init(.alreadyExists, error.message)
        case .full: self.init(.resourceExhausted, error.message, retryAfter: .seconds(5))
        case .notFound: self.init(.notFound, error.message)
        // The disk is full, the database is away: nobody's fault, and it may pass.
        case .storage, .inUse, .unreadable, .newer: self.init(.resourceExhausted, "jobs are paused: \(error.message)", retryAfter: .seconds(1))
        case .wrongState, .unsupported: self.init(.failedPrecondition, error.message)
        default: self.init(.internalError, error.message)
        }
    }
}
