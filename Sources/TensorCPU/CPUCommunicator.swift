public import Tensor

/// Ranks that are threads of one process and read one another's memory. Collectives are done when the call returns.
public final class CPUCommunicator: Communicator {
    public let rank: Int
    public let size: Int
    private let rendezvous: Rendezvous

    private init(_ rank: Int, of size: Int, _ rendezvous: Rendezvous) {
        self.rank = rank
        self.size = size
        self.rendezvous = rendezvous
    }

    /// The ranks of a new group, in order; each belongs to one thread.
    /// - Parameter timeout: how long a rank waits for the others before the group fails, in seconds. Ranks have unequal work, at most a
    ///   layer of the largest picture.
    public static func group(_ size: Int, timeout: Double = 300) -> [CPUCommunicator] {
        let rendezvous = Rendezvous((0..<size).map { "cpu (rank \($0))" }, timeout: timeout)
        return (0..<size).map { CPUCommunicator($0, of: size, rendezvous) }
    }

    public func allToAll(_ x: Tensor, into y: Tensor) {
        checkAllToAll(x, y)
        let part = x.byteCount / size
        _ = rendezvous.perform(rank, CollectiveCall(.allToAll, x)) { calls in
            for (other, call) in calls.enumerated() {
                (y.address + other * part).copyMemory(from: call.address + rank * part, byteCount: part)
            }
        }
    }

    /// Adds in the order of the ranks.
    public func allReduce(_ x: Tensor) {
        checkAllReduce(x)
        var sums: [Float] = []
        let isDone = rendezvous.perform(rank, CollectiveCall(.allReduce, x)) { calls in
            let terms = calls.map { UnsafeBufferPointer(start: $0.address.assumingMemoryBound(to: Float.self), count: $0.count) }
            sums = Array(terms[0])
            for term in terms.dropFirst() { for index in sums.indices { sums[index] += term[index] } }
        }
        guard isDone else { return }
        for (index, sum) in sums.enumerated() { x.floats[index] = sum }
    }

    public func check() throws {
        if let failure = rendezvous.failure { throw failure }
    }

    public func synchronize() throws { try check() }

    public func abort(_ error: any Error) { rendezvous.fail("cpu (rank \(rank)): \(error)") }
}
