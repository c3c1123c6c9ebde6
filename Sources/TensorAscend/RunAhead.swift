import CAscend

/// Keeps the host from running far ahead of the device, so that a request that is cancelled ends soon: an event behind every few
/// launches, and a wait for the one that lies `most` launches back.
struct RunAhead {
    private var launches = 0
    private var passed: [aclrtEvent] = []  // unused
    private var queued: [aclrtEvent] = []  // oldest first

    static let most = 256
    private static let stride = 64

    /// Counts a launch that was queued.
    mutating func advance(_ queue: Queue) {
        launches += 1
        guard launches % RunAhead.stride == 0 else { return }
        if queued.count >= RunAhead.most / RunAhead.stride {
            let oldest = queued.removeFirst()
            queue.check("aclrtSynchronizeEvent") { $0.aclrtSynchronizeEventWithTimeout(oldest, queue.timeout) }
            passed.append(oldest)
        }
        guard let event = passed.popLast() ?? queue.makeEvent() else { return }
        queue.check("aclrtRecordEvent") { $0.aclrtRecordEvent(event, queue.stream) }
        queued.append(event)
    }

    /// All events; the stream was waited for.
    mutating func removeAll() -> [aclrtEvent] {
        defer { (passed, queued) = ([], []) }
        return passed + queued
    }
}
