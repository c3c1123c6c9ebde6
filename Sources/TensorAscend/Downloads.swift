import CAscend
import Tensor

/// Small pinned buffers for results on their way to the host, which continues while they are copied.
final class Downloads: @unchecked Sendable {
    private final class StagingBuffer: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let event: aclrtEvent
        /// A copy into it may not have run yet.
        var isAwaited = false

        init(address: UnsafeMutableRawPointer, event: aclrtEvent) {
            self.address = address
            self.event = event
        }
    }

    /// A buffer in use. It may come back before its copy has run, because nobody waits for the result any more.
    private final class BufferLease: Sendable {
        let buffer: StagingBuffer
        let owner: Downloads

        init(_ buffer: StagingBuffer, _ owner: Downloads) {
            self.buffer = buffer
            self.owner = owner
        }

        deinit { owner.free.append(buffer) }
    }

    private let stream: Stream
    private var free: [StagingBuffer] = []

    static let bufferBytes = 4096
    /// Stands in a buffer before a copy: words that are no id, as i32, and no probability, as f32. A stream that has stopped drops copies
    /// and lets their events pass, maybe without a word.
    private static let marker = [[UInt8]](repeating: [1, 0, 0, 0x80], count: bufferBytes / 4).flatMap(\.self)

    init(_ stream: Stream) { self.stream = stream }

    /// Queues a copy of up to ``bufferBytes`` bytes.
    func read(_ tensor: Tensor) -> PendingRead {
        let count = tensor.byteCount
        precondition(
            tensor.isDense && count <= Downloads.bufferBytes, "\(tensor.dtype) \(tensor.shape) read later; at most \(Downloads.bufferBytes) bytes")
        guard let buffer = takeBuffer() else { return PendingRead { [self] in try failure() } }
        let lease = BufferLease(buffer, self)
        Downloads.marker.withUnsafeBytes { buffer.address.copyMemory(from: $0.baseAddress!, byteCount: count) }
        let isQueued =
            stream.check("aclrtMemcpyAsync of \(count) bytes to the host") {
                $0.aclrtMemcpyAsync(buffer.address, count, tensor.address, count, ACL_MEMCPY_DEVICE_TO_HOST, stream.handle)
            } && stream.check("aclrtRecordEvent") { $0.aclrtRecordEvent(buffer.event, stream.handle) }
        guard isQueued else { return PendingRead { [self] in try failure() } }
        buffer.isAwaited = true
        return PendingRead { [self] in
            guard wait(for: lease.buffer) else { return try failure() }
            let bytes = UnsafeRawBufferPointer(start: lease.buffer.address, count: count)
            guard !bytes.elementsEqual(Downloads.marker.prefix(count)) else {
                stream.lose("a copy of \(count) bytes to the host was dropped")
                return try failure()
            }
            return Array(bytes)
        }
    }

    private func takeBuffer() -> StagingBuffer? {
        guard let buffer = free.popLast() else { return makeBuffer() }
        // A copy that is still to run would write over the marker.
        return !buffer.isAwaited || wait(for: buffer) ? buffer : nil
    }

    private func wait(for buffer: StagingBuffer) -> Bool {
        let hasPassed = stream.check("aclrtSynchronizeEvent") { $0.aclrtSynchronizeEventWithTimeout(buffer.event, stream.timeout) }
        if hasPassed { buffer.isAwaited = false }
        return hasPassed
    }

    /// Throws the failure that the stream keeps.
    private func failure() throws -> [UInt8] {
        try stream.synchronize()
        throw DeviceError(.refused, "\(stream.name): a result was read after its failure had been reported")
    }

    private func makeBuffer() -> StagingBuffer? {
        var address: UnsafeMutableRawPointer?
        guard stream.check("aclrtMallocHost of \(Downloads.bufferBytes) bytes", { $0.aclrtMallocHost(&address, Downloads.bufferBytes) }), let address
        else { return nil }
        guard let event = stream.makeEvent() else {
            _ = stream.runtime { $0.aclrtFreeHost(address) }
            return nil
        }
        return StagingBuffer(address: address, event: event)
    }

    /// Frees all buffers. The stream must be idle, and no read pending.
    func end() {
        for buffer in free {
            _ = stream.runtime { $0.aclrtDestroyEvent(buffer.event) }
            _ = stream.runtime { $0.aclrtFreeHost(buffer.address) }
        }
        free = []
    }
}
