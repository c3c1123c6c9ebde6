import Processes
import Wire

/// A slot for work that nobody waits for. Who has it gives it back as soon as it is wanted.
struct SpareSlot: Sendable {
    let lease: SlotLease
    /// Fulfilled when a request waits that could use it.
    let wanted: Promise<Void>
}

extension Fleet {
    /// A slot that nobody needs now; nil: there is none.
    func spareSlot(_ request: SlotRequest) -> SpareSlot? {
        passOnChanges()
        guard let assignment = scheduler.takeSpare(request, registry) else { return nil }
        guard let replica = registry.replicas[assignment.address], let link = links[assignment.address] else {
            release(assignment.id)
            return nil
        }
        let wanted = Promise<Void>()
        spares[assignment.id] = wanted
        let lease = SlotLease(
            id: assignment.id, replica: replica, connection: link.connection, beside: scheduler.running(at: assignment.address))
        return SpareSlot(lease: lease, wanted: wanted)
    }

    /// Asks for the spare slots back that requests wait for.
    func reclaimSpareSlots() {
        for id in scheduler.wantedSpares { spares[id]?.fulfil(()) }
    }
}
