import CAscend
import Tensor

/// The memory of one device: blocks for weights, blocks for everything else, and one workspace for the stream's operators.
final class DeviceMemory {
    private let stream: Stream
    /// Apart from the rest because they stay while activations come and go.
    private let weights = SlabAllocator(largestSlab: 256 << 20)
    private let activations = SlabAllocator(largestSlab: 64 << 20)
    /// What recordings use between their operators. One serves them all, since they run one after another, and nobody else, since they
    /// write to it at every replay.
    private let recorded = SlabAllocator(largestSlab: 64 << 20)
    /// While something is recorded, and when it runs for the first time.
    var isRecording = false { didSet { if isRecording { isRecordable = true } } }
    /// Nothing of what runs meanwhile depends on numbers that the host alone has, such as the lengths of sequences.
    var isRecordable = true
    /// Rows and type of the matrices that products read and write in whole tiles.
    private let tileRows: Int
    private let tileType: DType?

    init(_ stream: Stream, tileRows: Int, of tileType: DType?) {
        self.stream = stream
        self.tileRows = tileRows
        self.tileType = tileType
        stream.memory = self
    }

    /// A dense tensor with undefined contents. Where the device has no memory, a tensor that no operator may touch, and the failure
    /// waits in the queue.
    func makeTensor(_ shape: Shape, _ dtype: DType, asWeight: Bool = false) -> Tensor {
        let missingRows = shape.rank == 2 && dtype == tileType && !asWeight ? max(tileRows - shape[0], 0) : 0
        let spareBytes = missingRows * shape.last * dtype.byteCount
        let byteCount = max(shape.count * dtype.byteCount + spareBytes, 1)
        let allocator = asWeight ? weights : isRecording ? recorded : activations
        guard stream.isUsable, let address = allocator.take(byteCount, make: allocate) else {
            return Tensor(
                storage: Storage(address: Stream.nowhere, byteCount: byteCount) { _ in }, dtype: dtype, shape: shape, spareBytes: spareBytes)
        }
        return Tensor(
            storage: Storage(address: address, byteCount: byteCount) { allocator.give($0) }, dtype: dtype, shape: shape, spareBytes: spareBytes)
    }

    /// A block of the device; on the second try without whatever is unused.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard stream.allows("aclrtMalloc of \(byteCount) bytes") else { return nil }
        var address: UnsafeMutableRawPointer?
        var code = stream.runtime { $0.aclrtMalloc(&address, byteCount, ACL_MEM_MALLOC_HUGE_FIRST) }
        if code != 0, DeviceError.Kind(cann: code) == .outOfMemory {
            trim()
            code = stream.runtime { $0.aclrtMalloc(&address, byteCount, ACL_MEM_MALLOC_HUGE_FIRST) }
        }
        if code == 0 { return address }
        stream.fail(
            code, "aclrtMalloc of \(byteCount) bytes beside \(weights.byteCount) of weights and \(self.byteCount - weights.byteCount) of activations")
        return nil
    }

    /// Whether a weight begins at `address`.
    func holdsWeight(_ address: UnsafeMutableRawPointer) -> Bool { weights.holds(address) }

    /// Bytes of all blocks.
    var byteCount: Int { weights.byteCount + activations.byteCount + recorded.byteCount }

    /// Waits for the stream and gives unused blocks back to the device.
    func trim() {
        guard stream.wait() else { return }
        stream.destroyRecordings()
        stream.forgetPlans()
        stream.derived.removeAll()
        for block in weights.trim() + activations.trim() + recorded.trim() { _ = stream.runtime { $0.aclrtFree(block) } }
    }

    /// Gives all back; the stream was waited for.
    func end() {
        for block in weights.removeAll() + activations.removeAll() + recorded.removeAll() { _ = stream.runtime { $0.aclrtFree(block) } }
    }
}
