import CPostgres
import Foundation
import Jobs

/// Hears what other processes do with the jobs, on a thread and a connection of its own.
enum PostgresListener {
    // The name of the channel is the database's to make.
    private static let listen: StaticString = "DO $$ BEGIN EXECUTE format('LISTEN %I', glm_channel()); END $$"
    /// Who is so far behind hears of the newest alone.
    private static let unread = 4096

    /// Ends when its reader leaves. Word of changes is lost while there is no connection, so each new one is told as a change of any job.
    static func changes(_ address: PostgresAddress) -> AsyncStream<JobChange> {
        let (stream, changes) = AsyncStream.makeStream(of: JobChange.self, bufferingPolicy: .bufferingNewest(unread))
        let end = EndSignal()
        changes.onTermination = { _ in end.signal() }
        let thread = Thread {
            var pauses = Pauses()
            while !end.wait(pauses.rest(at: .now)) {
                do throws(JobsError) {
                    let session = try PostgresSession(address)
                    try PostgresSchema.prepare(session)
                    try session.run(script: listen)
                    pauses.succeeded()
                    changes.yield(JobChange())
                    try session.hear(until: end.descriptor) { changes.yield(JobChange(payload: $0)) }
                } catch {
                    pauses.failed(error, at: .now)
                }
            }
        }
        thread.name = "postgres listener"
        thread.start()
        return stream
    }
}

extension JobChange {
    /// - Parameter payload: `state id`, as the database tells it.
    init(payload: String) {
        let words = payload.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else {
            self.init()
            return
        }
        self.init(id: String(words[1]), state: Job.State(rawValue: String(words[0])))
    }
}

/// Told on any thread; heard by a thread that waits in poll().
private final class EndSignal: Sendable {
    /// Can be read once it was told.
    let descriptor: Int32
    private let told: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // Without it the thread lives as long as the process.
        _ = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
        (descriptor, told) = (ends[0], ends[1])
    }

    func signal() { _ = write(told, [1], 1) }

    /// - Returns: whether it was told within this time.
    func wait(_ time: Duration) -> Bool {
        var file = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&file, 1, Int32(clamping: time.inMilliseconds)) > 0
    }

    deinit {
        close(descriptor)
        close(told)
    }
}
