import CAscend

/// Keeps the host from running far ahead of the device, so that a request that is cancelled ends soon: an event behind every few
/// launches, and a wait for the one that lies `most` launches back.
struct LaunchWindow {
    private var launches = 0
    private var passed: [aclrtEvent] = []  // unused
    private var queued: [aclrtEvent] = []  // oldest first

    static let most = 256
    private static let stride = 64

    /// Counts a launch that was queued.
    mutating func advance(_ stream: Stream) {
        launches += 1
        guard launches % LaunchWindow.stride == 0 else { return }
        if queued.count >= LaunchWindow.most / LaunchWindow.stride {
            let oldest = queued.removeFirst()
            stream.check("aclrtSynchronizeEvent") { $0.aclrtSynchronizeEventWithTimeout(oldest, stream.timeout) }
            passed.append(oldest)
        }
        guard let event = passed.popLast() ?? stream.makeEvent() else { return }
        stream.check("aclrtRecordEvent") { $0.aclrtRecordEvent(event, stream.handle) }
        queued.append(event)
    }

    /// All events; the stream was waited for.
    mutating func removeAll() -> [aclrtEvent] {
        defer { (passed, queued) = ([], []) }
        return passed + queued
    }
}
