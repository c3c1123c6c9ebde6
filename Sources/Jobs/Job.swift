/// A request that is kept, without its bytes.
public struct Job: Sendable, Hashable, Identifiable {
    /// queued → running → done, failed or cancelled; a running job whose process ended is queued again.
    public enum State: String, Sendable, Hashable, CaseIterable {
        case queued, running, done, failed, cancelled

        /// Nothing changes any more.
        public var isEnded: Bool {
            switch self {
            case .queued, .running: false
            case .done, .failed, .cancelled: true
            }
        }
    }

    /// Why a job has no result, in the words and codes of whoever worked on it.
    public struct Failure: Sendable, Hashable {
        public var code: Int
        public var message: String

        public init(code: Int, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// What a caller leaves.
    public struct Submission: Sendable, Hashable {
        /// 1 to 64 visible ASCII characters.
        public var id: String
        public var request: [UInt8]
        /// At most ``JobLimits/titleBytes``, for lists.
        public var title: String
        /// The caller's word for itself.
        public var submitter: String
        /// That the work on it belongs to, in the submitter's words; empty: none.
        public var trace: String

        public init(_ id: String, request: [UInt8], title: String = "", submitter: String = "", trace: String = "") {
            self.id = id
            self.request = request
            self.title = title
            self.submitter = submitter
            self.trace = trace
        }

        package func check() throws(JobsError) {
            guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw JobsError(.invalid, "job id \"\(id.prefix(80))\" is not 1 to 64 visible ASCII characters")
            }
            guard title.utf8.count <= JobLimits.titleBytes else {
                throw JobsError(.invalid, "the title of job \(id) is \(title.utf8.count) bytes; at most \(JobLimits.titleBytes)")
            }
            guard request.count <= JobLimits.valueBytes else {
                throw JobsError(.tooLarge, "the request of job \(id) is \(request.count) bytes; at most \(JobLimits.valueBytes)")
            }
        }
    }

    /// What a job was for.
    public struct Result: Sendable, Hashable {
        public var bytes: [UInt8]
        /// What the bytes are: "image/png".
        public var media: String
        /// Where the part of it is that the store does not hold, in the caller's words; nil: all of it is in `bytes`.
        public var object: String?

        public init(bytes: [UInt8], media: String, object: String? = nil) {
            self.bytes = bytes
            self.media = media
            self.object = object
        }
    }

    /// The right to end a job: whoever claimed it has it, until the job is cancelled or claimed again.
    public struct Claim: Sendable, Hashable {
        public let id: String
        /// Who left the job here; the caller's word for itself.
        public let submitter: String
        /// Which of the job's attempts this is, from 1.
        public let attempt: Int
        /// No other claim on the job that could still be acted on has the same.
        public let lease: Int64
        public let request: [UInt8]
        /// What the submitter said of its trace; empty: nothing.
        public let trace: String

        package init(id: String, submitter: String, attempt: Int, lease: Int64, request: [UInt8], trace: String) {
            self.id = id
            self.submitter = submitter
            self.attempt = attempt
            self.lease = lease
            self.request = request
            self.trace = trace
        }
    }

    /// In the order of submission, and never given to another job.
    public let number: Int64
    /// The caller's.
    public let id: String
    /// For people who look at a list; the caller's.
    public let title: String
    /// Who left it here; the caller's word for itself.
    public let submitter: String
    public let state: State
    /// How often it was begun.
    public let attempts: Int
    /// Milliseconds since 1970, UTC.
    public let submitted: Int64
    /// When the last attempt began, in milliseconds since 1970, UTC; nil while it is queued.
    public let began: Int64?
    /// Milliseconds since 1970, UTC.
    public let ended: Int64?
    public let requestBytes: Int
    /// Of a job that is done.
    public let resultBytes: Int?
    /// Of a job that is done: what its result is.
    public let media: String?
    /// Of a job that is done: ``Result/object``.
    public let object: String?
    /// Of a job that failed.
    public let failure: Failure?

    package init(
        number: Int64, id: String, title: String, submitter: String, state: State, attempts: Int, submitted: Int64, began: Int64?, ended: Int64?,
        requestBytes: Int, resultBytes: Int?, media: String?, object: String?, failure: Failure?
    ) {
        self.number = number
        self.id = id
        self.title = title
        self.submitter = submitter
        self.state = state
        self.attempts = attempts
        self.submitted = submitted
        self.began = began
        self.ended = ended
        self.requestBytes = requestBytes
        self.resultBytes = resultBytes
        self.media = media
        self.object = object
        self.failure = failure
    }
}

/// What a store holds.
public struct JobCounts: Sendable, Hashable {
    public var queued = 0
    public var running = 0
    /// Done, failed or cancelled, and still kept.
    public var ended = 0
    /// Requests, results, and the room that is reserved for the results to come.
    public var bytes = 0

    public init() {}
}
