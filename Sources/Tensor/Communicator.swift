/// A device's place among the ranks of a group, and the collectives by which the ranks exchange tensors; the words are MPI's and NCCL's.
///
/// Collectives are queued like the operations of the rank's device, in order with them, from the same thread. All ranks queue the same ones in
/// the same order. A rank that fails calls ``abort(_:)``, or is missed for as long as the group waits at most; from then on collectives do
/// nothing, and ``check()`` and ``synchronize()`` of every rank throw the first failure, which names the device. Such a group serves no more.
public protocol Communicator: AnyObject, Sendable {
    /// From 0.
    var rank: Int { get }
    /// Ranks of the group.
    var size: Int { get }

    /// Divides `x` into ``size`` parts: part j goes to rank j, which keeps it as its part number ``rank``. Both are dense, of one shape and
    /// type, in different memory.
    func allToAll(_ x: Tensor, into y: Tensor)
    /// `x` becomes the sum of all ranks' `x`, dense and f32, with the same bits on every rank.
    func allReduce(_ x: Tensor)

    /// Throws what a rank has failed at so far. Does not wait.
    func check() throws
    /// Waits for all that was queued on the rank's device; throws what any rank has failed at.
    func synchronize() throws
    /// Ends the group because this rank can't go on: all waits of other ranks for it end.
    func abort(_ error: any Error)
}

// What every communicator requires of the arguments of a collective.

extension Communicator {
    /// Traps unless the tensors fit ``allToAll(_:into:)``.
    package func checkAllToAll(_ x: Tensor, _ y: Tensor) {
        precondition(
            x.isDense && y.isDense && x.shape == y.shape && x.dtype == y.dtype && x.shape.count % size == 0,
            "\(x.dtype) \(x.shape) of \(size) ranks into \(y.dtype) \(y.shape)")
        precondition(x.address + x.byteCount <= y.address || y.address + y.byteCount <= x.address, "an all-to-all into its own input")
    }

    /// Traps unless the tensor fits ``allReduce(_:)``.
    package func checkAllReduce(_ x: Tensor) {
        precondition(x.isDense && x.dtype == .f32, "the sum of \(x.dtype) \(x.shape), \(x.rowStride) apart")
    }
}
