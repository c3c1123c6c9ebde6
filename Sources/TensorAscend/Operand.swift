import CAscend
import Tensor

/// A view of device memory as operators take it: up to five axes, each with its own stride, which may be 0 or permuted.
struct Operand {
    /// Keeps the memory until the operator is queued; what is queued later may reuse it.
    let storage: Storage
    let view: View

    /// All that an operator's plan depends on.
    struct View: Hashable {
        var address: UnsafeMutableRawPointer
        var storageElements: Int64
        var dtype: DType
        var offset: Int64  // elements
        var rank: Int
        var extents = SIMD8<Int64>(repeating: 1)
        var strides = SIMD8<Int64>(repeating: 0)
        var format = Format.plain
    }

    enum Format { case plain, image }

    init(_ tensor: Tensor, _ extents: [Int], strides: [Int], offset: Int = 0, format: Format = .plain) {
        self.init(
            storage: tensor.storage, dtype: tensor.dtype, offset: tensor.byteOffset / tensor.dtype.byteCount + offset, extents, strides: strides,
            format: format)
        precondition(tensor.byteOffset % tensor.dtype.byteCount == 0, "\(tensor.dtype) \(tensor.shape) begins at byte \(tensor.byteOffset)")
    }

    private init(storage: Storage, dtype: DType, offset: Int, _ extents: [Int], strides: [Int], format: Format) {
        self.storage = storage
        var view = View(
            address: storage.address, storageElements: Int64(storage.byteCount / dtype.byteCount), dtype: dtype, offset: Int64(offset),
            rank: extents.count, format: format)
        for axis in extents.indices { (view.extents[axis], view.strides[axis]) = (Int64(extents[axis]), Int64(strides[axis])) }
        self.view = view
    }

    /// `[rows, columns]`, rows apart as they are.
    init(matrix tensor: Tensor) { self.init(tensor, [tensor.rows, tensor.columns], strides: [tensor.rowStride, 1]) }

    /// `[rows, columns]` with rows of anything behind the matrix's own; nil where its memory has no more.
    init?(matrix tensor: Tensor, readingRows rows: Int) {
        let span = ((rows - 1) * tensor.rowStride + tensor.columns) * tensor.dtype.byteCount
        guard rows == tensor.rows || tensor.byteOffset + span <= tensor.storage.byteCount else { return nil }
        self.init(tensor, [rows, tensor.columns], strides: [tensor.rowStride, 1])
    }

    /// The same to be written, which may undo what the further rows hold: nil where they are somebody's, or the rows lie apart.
    init?(matrix tensor: Tensor, writingRows rows: Int) {
        guard tensor.isDense, (rows - tensor.rows) * tensor.columns * tensor.dtype.byteCount <= tensor.spareBytes else { return nil }
        self.init(tensor, [rows, tensor.columns], strides: [tensor.columns, 1])
    }

    /// A dense tensor under any extents.
    init(dense tensor: Tensor, _ extents: [Int], format: Format = .plain) {
        precondition(tensor.isDense && extents.reduce(1, *) == tensor.shape.count, "\(tensor.shape) seen as \(extents)")
        self.init(tensor, extents, strides: Operand.denseStrides(extents), format: format)
    }

    /// `[rows, heads, headSize]` of a matrix `[rows, heads · headSize]`.
    init(heads tensor: Tensor, headSize: Int) {
        self.init(tensor, [tensor.rows, tensor.columns / headSize, headSize], strides: [tensor.rowStride, headSize, 1])
    }

    /// All of a tensor's memory as one vector; the tensor is a part of it, and begins at `start`.
    static func whole(_ tensor: Tensor) -> (operand: Operand, start: Int) {
        let size = tensor.dtype.byteCount
        let operand = Operand(
            storage: tensor.storage, dtype: tensor.dtype, offset: 0, [tensor.storage.byteCount / size], strides: [1], format: .plain)
        return (operand, tensor.byteOffset / size)
    }

    static func denseStrides(_ extents: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
        return strides
    }

    var extents: [Int] { (0..<view.rank).map { Int(view.extents[$0]) } }
    var strides: [Int] { (0..<view.rank).map { Int(view.strides[$0]) } }
    var dtype: DType { view.dtype }
    var isEmpty: Bool { (0..<view.rank).contains { view.extents[$0] == 0 } }
    var isDense: Bool { zip(extents, zip(strides, Operand.denseStrides(extents))).allSatisfy { $0 == 1 || $1.0 == $1.1 } }

    /// The same elements with the axes in another order.
    func permuted(_ axes: [Int]) -> Operand {
        Operand(
            storage: storage, dtype: dtype, offset: Int(view.offset), axes.map { extents[$0] }, strides: axes.map { strides[$0] }, format: view.format
        )
    }

    /// The range of one axis.
    func slice(_ axis: Int, _ range: Range<Int>) -> Operand {
        var cut = extents
        cut[axis] = range.count
        return Operand(
            storage: storage, dtype: dtype, offset: Int(view.offset) + range.lowerBound * strides[axis], cut, strides: strides, format: view.format)
    }

    /// The dense elements under other extents.
    func reshaped(_ extents: [Int], format: Format = .plain) -> Operand {
        precondition(isDense, "\(self.extents) with strides \(strides) seen as \(extents)")
        return Operand(
            storage: storage, dtype: dtype, offset: Int(view.offset), extents, strides: Operand.denseStrides(extents), format: format)
    }
}

extension DType {
    var acl: aclDataType {
        switch self {
        case .f32: ACL_FLOAT
        case .bf16: ACL_BF16
        case .f16: ACL_FLOAT16
        case .i64: ACL_INT64
        case .i32: ACL_INT32
        case .i8: ACL_INT8
        case .u8: ACL_UINT8
        case .bool: ACL_BOOL
        }
    }
}
