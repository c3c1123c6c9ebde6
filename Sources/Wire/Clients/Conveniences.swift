// What a person would rather write than the generated form.

extension JobsClient {
    public func get(_ id: String, _ settings: CallSettings = CallSettings()) async throws -> Job {
        try await get(JobRequest(id: id), settings)
    }

    /// All stored jobs, the newest first, page after page.
    public func list(_ settings: CallSettings = CallSettings()) async throws -> JobList {
        var all = JobList(), next = ListJobsRequest(pageSize: 1000)
        repeat {
            let page = try await list(next, settings)
            all.jobs += page.jobs
            next.pageToken = page.jobs.isEmpty ? "" : page.nextPageToken
        } while !next.pageToken.isEmpty
        return all
    }

    public func fetch(_ id: String, _ settings: CallSettings = CallSettings()) async throws -> GeneratedImage {
        try await fetch(JobRequest(id: id), settings)
    }

    public func cancel(_ id: String, _ settings: CallSettings = CallSettings()) async throws -> Job {
        try await cancel(JobRequest(id: id), settings)
    }

    /// Hands over the job now and after every change, until it has ended.
    public func watch(_ id: String, _ settings: CallSettings = CallSettings(), onEvent: @escaping @Sendable (Job) async throws -> Void) async throws {
        try await watch(JobRequest(id: id), settings, onEvent: onEvent)
    }
}

extension Job {
    /// Why it has failed; nil for a job that has not.
    public var failure: CallError? { errorStatus == 0 ? nil : CallError(CallStatus(rawValue: errorStatus), error) }
}

extension LinePlace {
    /// For people, as in `3 ahead, about 12 s`.
    public var text: String { seconds > 0 ? "\(ahead) ahead, about \(Int(min(seconds, 1e9).rounded(.up))) s" : "\(ahead) ahead" }
}

extension JobState {
    public var hasEnded: Bool { self == .done || self == .failed || self == .cancelled }
}

extension OperationEvent {
    public init(_ message: String, stage: String = "") { self.init(message: message, stage: stage) }
}

extension HealthClient {
    /// The state of one service now; empty: of the whole server. NOT_FOUND for an unknown one.
    public func check(service: String = "", _ settings: CallSettings = CallSettings()) async throws -> HealthCheckResponse.ServingStatus {
        try await check(HealthCheckRequest(service: service), settings).status
    }

    /// The state now and after every change, until the server ends or the task is cancelled.
    public func watch(
        service: String = "", _ settings: CallSettings = CallSettings(),
        onChange: @escaping @Sendable (HealthCheckResponse.ServingStatus) async throws -> Void
    ) async throws {
        try await watch(HealthCheckRequest(service: service), settings) { try await onChange($0.status) }
    }
}
