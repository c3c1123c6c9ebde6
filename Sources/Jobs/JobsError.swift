/// What a store refuses or can't do, said so that a user or an operator can mend it.
public struct JobsError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Code: Sendable, Hashable {
        private enum Value { case invalid, conflict, full, tooLarge, notFound, wrongState, inUse, newer, unreadable, storage, unsupported }
        private let value: Value

        /// An id, a title or a limit outside its bounds.
        public static let invalid = Code(value: .invalid)
        /// The id is taken by another request.
        public static let conflict = Code(value: .conflict)
        /// A limit of the store is reached; jobs that end or expire make room.
        public static let full = Code(value: .full)
        /// A request or result larger than the store ever takes.
        public static let tooLarge = Code(value: .tooLarge)
        /// No job has the id: never submitted, or expired.
        public static let notFound = Code(value: .notFound)
        /// The job is not in the state that this transition leaves, or the claim is not its latest.
        public static let wrongState = Code(value: .wrongState)
        /// Another process, or another store of this one, has the file.
        public static let inUse = Code(value: .inUse)
        /// The file was written by a newer build.
        public static let newer = Code(value: .newer)
        /// The file is damaged, or is no store of jobs.
        public static let unreadable = Code(value: .unreadable)
        /// The system refuses to read or write: no space, no right, a failing disk.
        public static let storage = Code(value: .storage)
        /// A store of this kind does not do this; what does is named.
        public static let unsupported = Code(value: .unsupported)
    }

    public var code: Code
    /// Names the file, the limit and the value.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    // What every store says in the same words.

    package static func noJob(_ id: String) -> JobsError { JobsError(.notFound, "there is no job \(id): never submitted, or expired") }

    package static func anotherRequest(_ id: String) -> JobsError { JobsError(.conflict, "job \(id) is another request; choose another id") }

    package static func noResult(_ job: Job) -> JobsError {
        JobsError(.wrongState, "job \(job.id) is \(job.state.rawValue); only a job that is done has a result")
    }

    /// - Parameter done: what the claim's holder wanted, as in "finished".
    package static func void(_ claim: Job.Claim, _ done: String, now job: Job) -> JobsError {
        let now = job.state == .running ? "running its attempt \(job.attempts)" : job.state.rawValue
        return JobsError(.wrongState, "job \(claim.id) can't be \(done) by its attempt \(claim.attempt): it is \(now)")
    }
}
