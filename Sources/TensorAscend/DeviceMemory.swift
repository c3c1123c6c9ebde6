import CAscend
import Tensor

/// The memory of one device: blocks for weights, blocks for everything else, and one workspace for the stream's operators.
final class DeviceMemory {
    private let queue: Queue
    /// Apart from the rest because they stay while activations come and go.
    private let weights = SlabAllocator(largestSlab: 256 << 20)
    private let activations = SlabAllocator(largestSlab: 64 << 20)

    init(_ queue: Queue) {
        self.queue = queue
        queue.memory = self
    }

    /// A dense tensor with undefined contents. Where the device has no memory, a tensor that no operator may touch, and the failure
    /// waits in the queue.
    func makeTensor(_ shape: Shape, _ dtype: DType, asWeight: Bool = false) -> Tensor {
        let byteCount = max(shape.count * dtype.byteCount, 1)
        let allocator = asWeight ? weights : activations
        guard queue.isUsable, let address = allocator.take(byteCount, make: allocate) else {
            return Tensor(storage: Storage(address: Queue.nowhere, byteCount: byteCount) { _ in }, dtype: dtype, shape: shape)
        }
        return Tensor(storage: Storage(address: address, byteCount: byteCount) { allocator.give($0) }, dtype: dtype, shape: shape)
    }

    /// A block of the device; on the second try without whatever is unused.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        var address: UnsafeMutableRawPointer?
        var code = queue.runtime { $0.aclrtMalloc(&address, byteCount, ACL_MEM_MALLOC_HUGE_FIRST) }
        if case .outOfMemory = Meaning(code: code), code != 0 {
            trim()
            code = queue.runtime { $0.aclrtMalloc(&address, byteCount, ACL_MEM_MALLOC_HUGE_FIRST) }
        }
        if code == 0 { return address }
        queue.fail(code, "aclrtMalloc of \(byteCount) bytes beside \(weights.byteCount) of weights and \(activations.byteCount) of activations")
        return nil
    }

    /// Bytes of all blocks.
    var byteCount: Int { weights.byteCount + activations.byteCount }

    /// Waits for the stream and gives unused blocks back to the device.
    func trim() {
        guard queue.wait() else { return }
        queue.forgetPlans()
        queue.derived.removeAll()
        for block in weights.trim() + activations.trim() { _ = queue.runtime { $0.aclrtFree(block) } }
    }

    /// Gives all back; the stream was waited for.
    func end() {
        for block in weights.removeAll() + activations.removeAll() { _ = queue.runtime { $0.aclrtFree(block) } }
    }
}
