import CAscend
import Tensor

/// Small pinned buffers for results on their way to the host, which continues while they are copied.
final class Downloads: @unchecked Sendable {
    private struct StagingBuffer: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let event: aclrtEvent
    }

    /// A buffer in use. Work that is queued later runs later, so a buffer may be reused before its copy has run.
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

    init(_ stream: Stream) { self.stream = stream }

    /// Queues a copy of up to ``bufferBytes`` bytes.
    func read(_ tensor: Tensor) -> PendingRead {
        let count = tensor.byteCount
        precondition(
            tensor.isDense && count <= Downloads.bufferBytes, "\(tensor.dtype) \(tensor.shape) read later; at most \(Downloads.bufferBytes) bytes")
        guard let buffer = free.popLast() ?? makeBuffer() else { return PendingRead { [self] in try failure() } }
        let lease = BufferLease(buffer, self)
        stream.check("aclrtMemcpyAsync of \(count) bytes to the host") {
            $0.aclrtMemcpyAsync(buffer.address, count, tensor.address, count, ACL_MEMCPY_DEVICE_TO_HOST, stream.handle)
        }
        stream.check("aclrtRecordEvent") { $0.aclrtRecordEvent(buffer.event, stream.handle) }
        return PendingRead { [self] in
            let buffer = lease.buffer
            guard stream.check("aclrtSynchronizeEvent", { $0.aclrtSynchronizeEventWithTimeout(buffer.event, stream.timeout) }) else {
                return try failure()
            }
            return Array(UnsafeRawBufferPointer(start: buffer.address, count: count))
        }
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
