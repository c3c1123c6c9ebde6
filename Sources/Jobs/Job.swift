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

    /// What a job was for.
    public struct Result: Sendable, Hashable {
        public var bytes: [UInt8]
        /// What the bytes are: "image/png".
        public var media: String

        public init(bytes: [UInt8], media: String) {
            self.bytes = bytes
            self.media = media
        }
    }

    /// The right to end a job: whoever claimed it has it, until the job is cancelled or claimed again.
    public struct Claim: Sendable, Hashable {
        public let id: String
        /// Who left the job here; the caller's word for itself.
        public let submitter: String
        /// Which of the job's attempts this is, from 1.
        public let attempt: Int
        public let request: [UInt8]
        /// What the submitter said of its trace; empty: nothing.
        public let trace: String
    }

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
    /// Of a job that failed.
    public let failure: Failure?
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
