import Dispatch
import Synchronization
import Tensor

/// Where the ranks of one process meet for a collective: each waits, without turning, until all are there.
final class Rendezvous: Sendable {
    private let round: Mutex<CollectiveRound>
    /// Opened once for each wait of a rank.
    private let doors: [DispatchSemaphore]
    /// How long a rank waits for the others, in seconds.
    private let timeout: Double

    /// - Parameter names: of the ranks, for messages.
    init(_ names: [String], timeout: Double) {
        round = Mutex(CollectiveRound(names))
        doors = names.map { _ in DispatchSemaphore(value: 0) }
        self.timeout = timeout
    }

    var failure: DeviceError? { round.withLock(\.failure) }

    /// Ends the group.
    func fail(_ reason: String) {
        round.withLock { $0.fail(reason) }
        open()
    }

    /// Meets the other ranks, runs `exchange` with what all brought, and parts when every rank has.
    /// - Returns: false if a rank has failed: then nothing is known of what `exchange` did.
    func perform(_ rank: Int, _ call: CollectiveCall, _ exchange: ([CollectiveCall]) -> Void) -> Bool {
        guard step(rank, { $0.arrive(rank, with: call) }) else { return false }
        exchange(round.withLock(\.calls))
        return step(rank) { $0.leave(rank) }
    }

    private func step(_ rank: Int, _ move: (inout CollectiveRound) -> CollectiveRound.Progress) -> Bool {
        switch round.withLock({ move(&$0) }) {
        case .complete: open(but: rank)
        case .failed: open()
        case .waiting:
            guard doors[rank].wait(timeout: .now() + timeout) == .timedOut else { break }
            round.withLock { $0.expire(rank, after: timeout) }
            open()
        }
        return failure == nil
    }

    /// Behind a failure a door may be opened that nobody waits at: nobody will again.
    private func open(but rank: Int? = nil) {
        for index in doors.indices where index != rank { doors[index].signal() }
    }
}
