/// The threads that drive the devices of one side of a group: rank 0 on the caller's, each other on one of its own.
package final class RankThreads: Sendable {
    private let communicators: [(any Communicator)?]
    /// Of rank 1 and on.
    private let threads: [DeviceThread]

    package init(_ side: [DeviceGroup.Rank]) {
        communicators = side.map(\.communicator)
        threads = side.indices.dropFirst().map { DeviceThread(name: "rank \($0)") }
    }

    package var count: Int { communicators.count }

    /// Does the same for every rank at once, without collectives.
    /// - Parameter body: called with the rank's number, on its thread.
    /// - Returns: what each made, in the order of the ranks.
    package func each<Part, Failure>(_ body: (Int) throws(Failure) -> Part) throws(Failure) -> [Part] { try from(1, body) }

    /// Rank 0 and those from `next` on.
    private func from<Part, Failure>(_ next: Int, _ body: (Int) throws(Failure) -> Part) throws(Failure) -> [Part] {
        guard next < count else { return [try body(0)] }
        let (there, here) = try threads[next - 1].both(
            { () throws(Failure) in try body(next) }, { () throws(Failure) in try from(next + 1, body) })
        return [here[0], there] + here[1...]
    }

    /// Runs a pass on every rank at once.
    /// - Parameters:
    ///   - checkCancellation: called on the caller's thread; what it throws ends the pass on every rank at the same point.
    ///   - body: computes the rank's part. Calls what it is given at each point where it may end, on every rank at the same points.
    /// - Throws: the first failure of any rank, which names its device and leaves the group of no use.
    package func pass<Part>(
        checkCancellation: () throws -> Void, _ body: (Int, @escaping () throws -> Void) throws -> Part
    ) throws -> [Part] {
        try withoutActuallyEscaping(checkCancellation) { checkCancellation in
            guard count > 1 else { return [try body(0, checkCancellation)] }
            let cancellation = SharedCancellation()
            do {
                return try each { (rank) throws(any Error) in try pass(on: rank, cancellation, checkCancellation, body) }
            } catch {
                // What another rank failed at is the reason why this one did.
                try communicators[0]?.check()
                throw error
            }
        }
    }

    private func pass<Part>(
        on rank: Int, _ cancellation: SharedCancellation, _ checkCancellation: @escaping () throws -> Void,
        _ body: (Int, @escaping () throws -> Void) throws -> Part
    ) throws -> Part {
        let communicator = communicators[rank]
        defer { if rank == 0 { cancellation.end() } }
        var point = 0
        do {
            return try body(rank) {
                if rank == 0 { try cancellation.lead(checkCancellation) } else { try cancellation.follow(point) }
                point += 1
                try communicator?.check()
            }
        } catch {
            if !cancellation.isCancelled { communicator?.abort(error) }
            throw error
        }
    }
}
