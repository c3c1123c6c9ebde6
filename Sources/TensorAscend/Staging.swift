import CAscend

/// A ring of pinned host memory that uploads pass through, so that the host goes on while they run.
///
/// A part of the ring is used again only after the event behind its upload has passed.
final class Staging {
    private struct Upload {
        let start: Int
        let event: aclrtEvent
    }

    private let stream: Stream
    private let base: UnsafeMutableRawPointer
    private var head = 0
    private var uploads: [Upload] = []  // oldest first
    private var events: [aclrtEvent] = []  // unused

    static let capacity = 32 << 20
    private static let largest = capacity / 4

    /// Nil if the host has no such memory; the stream keeps the failure.
    init?(_ stream: Stream) {
        var address: UnsafeMutableRawPointer?
        let code = stream.runtime { $0.aclrtMallocHost(&address, Staging.capacity) }
        guard code == 0, let address else {
            stream.fail(code, "aclrtMallocHost of \(Staging.capacity) bytes")
            return nil
        }
        self.stream = stream
        base = address
    }

    /// Queues a copy of `bytes` to `target` on the device; the bytes may change as soon as this returns.
    func upload(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) {
        for start in stride(from: 0, to: bytes.count, by: Staging.largest) {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Staging.largest, bytes.count)])
            guard let place = reserve((part.count + 63) / 64 * 64), let event = makeEvent() else { return }
            let buffer = base + place
            buffer.copyMemory(from: part.baseAddress!, byteCount: part.count)
            stream.check("aclrtMemcpyAsync of \(part.count) bytes to the device") {
                $0.aclrtMemcpyAsync(target + start, part.count, buffer, part.count, ACL_MEMCPY_HOST_TO_DEVICE, stream.handle)
            }
            stream.check("aclrtRecordEvent") { $0.aclrtRecordEvent(event, stream.handle) }
            uploads.append(Upload(start: place, event: event))
        }
    }

    /// The place of `byteCount` bytes; waits for the oldest uploads where they are in the way.
    private func reserve(_ byteCount: Int) -> Int? {
        while stream.isUsable {
            guard let oldest = uploads.first?.start else {
                head = byteCount
                return 0
            }
            if head > oldest {
                if Staging.capacity - head >= byteCount { return advance(from: head, byteCount) }
                if oldest >= byteCount { return advance(from: 0, byteCount) }
            } else if oldest - head >= byteCount {
                return advance(from: head, byteCount)
            }
            retireOldest()
        }
        return nil
    }

    private func advance(from start: Int, _ byteCount: Int) -> Int {
        head = start + byteCount
        return start
    }

    private func retireOldest() {
        let event = uploads.removeFirst().event
        stream.check("aclrtSynchronizeEvent") { $0.aclrtSynchronizeEventWithTimeout(event, stream.timeout) }
        events.append(event)
    }

    private func makeEvent() -> aclrtEvent? {
        if let event = events.popLast() { return event }
        // An event that has passed can be reused.
        if uploads.count >= 256 {
            retireOldest()
            return events.popLast()
        }
        return stream.makeEvent()
    }

    /// Frees everything. The stream must be idle.
    func end() {
        for event in uploads.map(\.event) + events { _ = stream.runtime { $0.aclrtDestroyEvent(event) } }
        _ = stream.runtime { $0.aclrtFreeHost(base) }
    }
}
