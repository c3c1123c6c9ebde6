/// A view of a device's memory: a shape, a type, and where it starts.
///
/// Views of rank 2 and more are row-major; rows (the last axis) are contiguous and `rowStride` elements apart, so that a
/// range of columns of a wider matrix is a tensor too. Everything else is dense.
public struct Tensor: Sendable {
    public let storage: Storage
    /// Where the first element lies, in bytes from the storage's address.
    public let byteOffset: Int
    public let dtype: DType
    public let shape: Shape
    /// Elements from one row to the next; equals the last extent for a dense tensor.
    public let rowStride: Int
    /// Bytes behind the last element that hold nothing of anybody's: an operation that works on whole tiles of rows may write them.
    public let spareBytes: Int

    public init(storage: Storage, byteOffset: Int = 0, dtype: DType, shape: Shape, rowStride: Int? = nil, spareBytes: Int = 0) {
        self.storage = storage
        self.byteOffset = byteOffset
        self.dtype = dtype
        self.shape = shape
        self.rowStride = rowStride ?? shape.last
        self.spareBytes = spareBytes
        precondition(self.rowStride >= shape.last, "row stride \(self.rowStride) under the row length \(shape.last)")
        let rows = shape.last == 0 ? 0 : shape.count / shape.last
        let span = rows == 0 ? 0 : ((rows - 1) * self.rowStride + shape.last) * dtype.byteCount
        precondition(
            byteOffset >= 0 && spareBytes >= 0 && byteOffset + span + spareBytes <= storage.byteCount,
            "a view of \(byteOffset + span) bytes and \(spareBytes) to spare over \(storage.byteCount)")
    }

    public var address: UnsafeMutableRawPointer { storage.address + byteOffset }
    public var isDense: Bool { rowStride == shape.last || shape.count <= shape.last }
    /// The product of all extents but the last.
    public var rows: Int { shape.last == 0 ? 0 : shape.count / shape.last }
    public var columns: Int { shape.last }
    /// Of the elements, without gaps between rows.
    public var byteCount: Int { shape.count * dtype.byteCount }

    /// The rows `range` of a rank-2 view, as a view.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(shape.rank == 2 && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
        return Tensor(
            storage: storage, byteOffset: byteOffset + range.lowerBound * rowStride * dtype.byteCount, dtype: dtype,
            shape: Shape(range.count, shape[1]), rowStride: rowStride, spareBytes: range.upperBound == shape[0] ? spareBytes : 0)
    }

    /// The columns `range` of a rank-2 view, as a view whose rows stay `rowStride` apart.
    public func columns(_ range: Range<Int>) -> Tensor {
        precondition(shape.rank == 2 && range.lowerBound >= 0 && range.upperBound <= shape[1], "columns \(range) of \(shape)")
        return Tensor(
            storage: storage, byteOffset: byteOffset + range.lowerBound * dtype.byteCount, dtype: dtype,
            shape: Shape(shape[0], range.count), rowStride: rowStride)
    }

    /// The elements `range` of a dense tensor, as a vector.
    public func elements(_ range: Range<Int>) -> Tensor {
        precondition(isDense && range.lowerBound >= 0 && range.upperBound <= shape.count, "elements \(range) of \(shape)")
        return Tensor(
            storage: storage, byteOffset: byteOffset + range.lowerBound * dtype.byteCount, dtype: dtype, shape: Shape(range.count),
            spareBytes: range.upperBound == shape.count ? spareBytes : 0)
    }

    /// The same dense elements under another shape.
    public func reshaped(_ newShape: Shape) -> Tensor {
        precondition(isDense && newShape.count == shape.count, "\(shape) seen as \(newShape)")
        return Tensor(storage: storage, byteOffset: byteOffset, dtype: dtype, shape: newShape, spareBytes: spareBytes)
    }

    /// The leading part of a dense tensor's memory under a smaller shape: how a workspace sized for the largest request serves a smaller one.
    /// What lies behind it is undefined as soon as something is written to it.
    public func prefix(_ newShape: Shape) -> Tensor {
        precondition(isDense && newShape.count <= shape.count, "a prefix \(newShape) of \(shape)")
        return Tensor(
            storage: storage, byteOffset: byteOffset, dtype: dtype, shape: newShape,
            spareBytes: spareBytes + (shape.count - newShape.count) * dtype.byteCount)
    }
}
