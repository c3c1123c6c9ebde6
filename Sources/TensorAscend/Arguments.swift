import CAscend
import Tensor

/// The descriptors that one call of an operator is given. They live until its second phase has returned, with a plan that is
/// kept as long as the plan.
final class Arguments {
    private let api: UnsafePointer<ca_api>
    private var tensors: [OpaquePointer?] = []
    private var scalars: [OpaquePointer?] = []
    private var arrays: [OpaquePointer?] = []
    private var lists: [OpaquePointer?] = []
    /// Descriptors so far.
    private(set) var count = 0

    init(_ api: UnsafePointer<ca_api>, _ operands: [Operand]) {
        self.api = api
        tensors = operands.map { make($0.view) }
    }

    /// The tensor of operand `index`.
    subscript(index: Int) -> OpaquePointer? { tensors[index] }

    /// A scalar of f32.
    func scalar(_ value: Float) -> OpaquePointer? {
        var value = value
        scalars.append(api.pointee.aclCreateScalar(&value, ACL_FLOAT))
        count += 1
        return scalars.last ?? nil
    }

    /// A scalar that an operator on tensors of `dtype` takes: i64 for integers.
    func scalar(_ value: Int64, for dtype: DType) -> OpaquePointer? {
        guard !dtype.isFloatingPoint else { return scalar(Float(value)) }
        var value = value
        scalars.append(api.pointee.aclCreateScalar(&value, ACL_INT64))
        count += 1
        return scalars.last ?? nil
    }

    func integers(_ values: [Int]) -> OpaquePointer? {
        arrays.append(api.pointee.aclCreateIntArray(values.map(Int64.init), UInt64(values.count)))
        count += 1
        return arrays.last ?? nil
    }

    /// A list of operands, which it takes over: destroying a list destroys its tensors.
    func list(_ indices: [Int]) -> OpaquePointer? {
        lists.append(api.pointee.aclCreateTensorList(indices.map { tensors[$0] }, UInt64(indices.count)))
        count += 1
        for index in indices { tensors[index] = nil }
        return lists.last ?? nil
    }

    func destroy() {
        for tensor in tensors where tensor != nil { _ = api.pointee.aclDestroyTensor(tensor) }
        for scalar in scalars { _ = api.pointee.aclDestroyScalar(scalar) }
        for array in arrays { _ = api.pointee.aclDestroyIntArray(array) }
        for list in lists { _ = api.pointee.aclDestroyTensorList(list) }
        (tensors, scalars, arrays, lists) = ([], [], [], [])
    }

    private func make(_ view: Operand.View) -> OpaquePointer? {
        count += 1
        let format = view.format == .image ? ACL_FORMAT_NCHW : ACL_FORMAT_ND
        return withUnsafeBytes(of: view.extents) { extents in
            withUnsafeBytes(of: view.strides) { strides in
                withUnsafePointer(to: view.storageElements) { storage in
                    api.pointee.aclCreateTensor(
                        extents.bindMemory(to: Int64.self).baseAddress, UInt64(view.rank), view.dtype.acl,
                        strides.bindMemory(to: Int64.self).baseAddress, view.offset, format, storage, 1, view.address)
                }
            }
        }
    }
}
