import Wire

extension Fleet {
    /// What is known of every stage, without asking any, and of names whose stages can't all be found.
    /// - Parameter noted: with what there is to know of stages that serve: each is compared with all others.
    func statuses(noted: Bool) -> [StageStatus] {
        let stages = registry.listing.map { replica in
            var description = replica.description
            description?.instance = replica.ownInstance
            return StageStatus(
                address: "\(replica.address)", health: replica.serves ? .serving : replica.health == .serving ? .notServing : replica.health,
                description: description, problem: replica.reason, inFlight: scheduler.running(at: replica.address),
                note: noted ? registry.remark(on: replica) : "")
        }
        return stages + registry.unresolved.map { StageStatus(address: "\($0.key)", problem: $0.value) }.sorted { $0.address < $1.address }
    }
}
