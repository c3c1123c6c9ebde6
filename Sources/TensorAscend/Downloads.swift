import CAscend
import Tensor

/// Small pinned buffers that results pass through on their way to the host, which goes on meanwhile.
final class Downloads: @unchecked Sendable {
    private struct Slot: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let event: aclrtEvent
    }

    /// A slot in use. What is queued for it later runs later, so it may be given back before its copy has run.
    private final class Loan: Sendable {
        let slot: Slot
        let owner: Downloads

        init(_ slot: Slot, _ owner: Downloads) {
            self.slot = slot
            self.owner = owner
        }

        deinit { owner.free.append(slot) }
    }

    private let queue: Queue
    private var free: [Slot] = []

    static let slotBytes = 4096

    init(_ queue: Queue) { self.queue = queue }

    /// Queues a copy of up to ``slotBytes`` bytes.
    func read(_ tensor: Tensor) -> PendingRead {
        let count = tensor.byteCount
        precondition(
            tensor.isDense && count <= Downloads.slotBytes, "\(tensor.dtype) \(tensor.shape) read later; at most \(Downloads.slotBytes) bytes")
        guard let slot = free.popLast() ?? makeSlot() else { return PendingRead { [self] in try failure() } }
        let loan = Loan(slot, self)
        queue.check("aclrtMemcpyAsync of \(count) bytes to the host") {
            $0.aclrtMemcpyAsync(slot.address, count, tensor.address, count, ACL_MEMCPY_DEVICE_TO_HOST, queue.stream)
        }
        queue.check("aclrtRecordEvent") { $0.aclrtRecordEvent(slot.event, queue.stream) }
        return PendingRead { [self] in
            let slot = loan.slot
            guard queue.check("aclrtSynchronizeEvent", { $0.aclrtSynchronizeEventWithTimeout(slot.event, queue.timeout) }) else {
                return try failure()
            }
            return Array(UnsafeRawBufferPointer(start: slot.address, count: count))
        }
    }

    /// Throws what the queue knows.
    private func failure() throws -> [UInt8] {
        try queue.synchronize()
        throw DeviceError(.refused, "\(queue.name): a result was asked for after its failure had been told")
    }

    private func makeSlot() -> Slot? {
        var address: UnsafeMutableRawPointer?
        guard queue.check("aclrtMallocHost of \(Downloads.slotBytes) bytes", { $0.aclrtMallocHost(&address, Downloads.slotBytes) }), let address
        else { return nil }
        guard let event = queue.makeEvent() else {
            _ = queue.runtime { $0.aclrtFreeHost(address) }
            return nil
        }
        return Slot(address: address, event: event)
    }

    /// Gives all back; the stream was waited for and nobody reads any more.
    func end() {
        for slot in free {
            _ = queue.runtime { $0.aclrtDestroyEvent(slot.event) }
            _ = queue.runtime { $0.aclrtFreeHost(slot.address) }
        }
        free = []
    }
}
