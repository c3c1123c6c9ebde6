import CWire

/// Asks the gateway to keep a request and to answer at once.
public struct SubmitJobRequest: Sendable, Hashable {
    /// 1 to 64 visible ASCII characters; empty: the gateway makes one.
    public var id: String
    public var request: GenerateImageRequest

    public init(id: String = "", request: GenerateImageRequest) {
        self.id = id
        self.request = request
    }
}

extension SubmitJobRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__SubmitJobRequest>) { glm__v1__submit_job_request__init(c) }

    func fill(_ c: inout Glm__V1__SubmitJobRequest, _ arena: Arena) throws(WireError) {
        c.id = try arena.text(id, "id")
        c.request = try arena.message(request)
    }

    init(_ c: Glm__V1__SubmitJobRequest) throws(WireError) {
        self.init(id: try text(c.id, "id"), request: try message(c.request, "request"))
    }
}

/// Names a job.
public struct JobRequest: Sendable, Hashable {
    public var id: String

    public init(id: String) { self.id = id }
}

extension JobRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__JobRequest>) { glm__v1__job_request__init(c) }
    func fill(_ c: inout Glm__V1__JobRequest, _ arena: Arena) throws(WireError) { c.id = try arena.text(id, "id") }
    init(_ c: Glm__V1__JobRequest) throws(WireError) { self.init(id: try text(c.id, "id")) }
}

/// Asks for all jobs.
public struct ListJobsRequest: Sendable, Hashable {
    public init() {}
}

extension ListJobsRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__ListJobsRequest>) { glm__v1__list_jobs_request__init(c) }
    func fill(_ c: inout Glm__V1__ListJobsRequest, _ arena: Arena) throws(WireError) {}
    init(_ c: Glm__V1__ListJobsRequest) throws(WireError) {}
}

public struct JobList: Sendable, Hashable {
    /// The newest first.
    public var jobs: [Job]

    public init(jobs: [Job]) { self.jobs = jobs }
}

extension JobList: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__JobList>) { glm__v1__job_list__init(c) }

    func fill(_ c: inout Glm__V1__JobList, _ arena: Arena) throws(WireError) {
        c.n_jobs = jobs.count
        c.jobs = try arena.messages(jobs)
    }

    init(_ c: Glm__V1__JobList) throws(WireError) { self.init(jobs: try messages(c.n_jobs, c.jobs)) }
}

/// A request that is kept.
public struct Job: Sendable, Hashable {
    public var id: String
    public var state: JobState
    /// The first 200 characters.
    public var prompt: String
    /// Milliseconds since 1970, UTC.
    public var submitted: Int
    /// Milliseconds since 1970, UTC; 0 before it has ended.
    public var ended: Int
    /// Times that a gateway began it.
    public var attempts: Int
    /// Of a failed job.
    public var error: CallError?
    /// Of a running job.
    public var progress: Progress?

    public init(
        id: String, state: JobState, prompt: String, submitted: Int, ended: Int = 0, attempts: Int = 0, error: CallError? = nil,
        progress: Progress? = nil
    ) {
        self.id = id
        self.state = state
        self.prompt = prompt
        self.submitted = submitted
        self.ended = ended
        self.attempts = attempts
        self.error = error
        self.progress = progress
    }
}

extension Job: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__Job>) { glm__v1__job__init(c) }

    func fill(_ c: inout Glm__V1__Job, _ arena: Arena) throws(WireError) {
        c.id = try arena.text(id, "id")
        c.state = Glm__V1__JobState(rawValue: state.rawValue)
        c.prompt = try arena.text(prompt, "prompt")
        c.submitted_ms = try UInt64(wire: submitted, "submitted_ms")
        c.ended_ms = try UInt64(wire: ended, "ended_ms")
        c.attempts = try UInt32(wire: attempts, "attempts")
        c.error = try arena.text(error?.message ?? "", "error")
        c.error_status = try UInt32(wire: error?.status.rawValue ?? 0, "error_status")
        c.progress = try arena.message(ifSet: progress)
    }

    init(_ c: Glm__V1__Job) throws(WireError) {
        let error = c.error_status == 0 ? nil : CallError(CallStatus(rawValue: Int(c.error_status)), try text(c.error, "error"))
        self.init(
            id: try text(c.id, "id"), state: JobState(rawValue: c.state.rawValue) ?? .unspecified, prompt: try text(c.prompt, "prompt"),
            submitted: try count(c.submitted_ms, "submitted_ms"), ended: try count(c.ended_ms, "ended_ms"), attempts: Int(c.attempts),
            error: error, progress: try message(c.progress))
    }
}

public enum JobState: UInt32, Sendable, Hashable, CaseIterable {
    /// Never sent by this build; a state that it does not know.
    case unspecified = 0
    case queued = 1
    case running = 2
    case done = 3
    case failed = 4
    case cancelled = 5

    public var hasEnded: Bool { self == .done || self == .failed || self == .cancelled }
}
