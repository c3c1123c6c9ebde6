import Synchronization

/// Counts the bytes of tensors from when they are made until the last view of them goes.
public final class MemoryMeter: Sendable {
    private struct Count {
        var live = 0
        var peak = 0
        var mapped = 0
    }

    private let count = Mutex(Count())

    public init() {}

    /// Bytes of the tensors that are there now.
    public var live: Int { count.withLock(\.live) }

    /// The most that was there at once since the last ``resetPeak()``.
    public var peak: Int { count.withLock(\.peak) }

    /// Bytes of weights that the device reads where their file is mapped.
    public var mapped: Int { count.withLock(\.mapped) }

    public func resetPeak() { count.withLock { $0.peak = $0.live } }

    /// The same tensor, counted while it is there.
    func tracking(_ tensor: Tensor) -> Tensor {
        let bytes = tensor.byteCount
        count.withLock {
            $0.live += bytes
            $0.peak = max($0.peak, $0.live)
        }
        let storage = Storage(address: tensor.storage.address, byteCount: tensor.storage.byteCount) { [self] _ in
            withExtendedLifetime(tensor) { count.withLock { $0.live -= bytes } }
        }
        return Tensor(
            storage: storage, byteOffset: tensor.byteOffset, dtype: tensor.dtype, shape: tensor.shape, rowStride: tensor.rowStride,
            spareBytes: tensor.spareBytes)
    }

    /// A weight as the device placed it.
    func tracking(_ placed: Tensor, of weight: Tensor) -> Tensor {
        guard placed.storage === weight.storage else { return tracking(placed) }
        count.withLock { $0.mapped += placed.byteCount }
        return placed
    }
}
