package import Wire

/// The stages that are known, by address. What every request asks of all of them is read from groups of equal ones, of which there are few
/// however many stages there are.
package struct StageIndex: Sendable {
    struct Group: Sendable {
        var members = OrderedList<StageEntry>()
        /// Of all members.
        var slots = 0
    }

    private var replicas: [Address: Registry.Replica] = [:]
    private var order = OrderedList<StageEntry>()
    private(set) var groups: [StageTraits: Group] = [:]
    /// Stages that are not what they were, since somebody asked.
    private var changed: Set<Address> = []

    package var keys: Dictionary<Address, Registry.Replica>.Keys { replicas.keys }
    package var values: Dictionary<Address, Registry.Replica>.Values { replicas.values }
    /// In the order in which people read them.
    var listing: [Registry.Replica] { replicas(order) }

    package subscript(address: Address) -> Registry.Replica? {
        get { replicas[address] }
        set {
            let old = replicas[address].map(StageSeat.init), new = newValue.map(StageSeat.init)
            replicas[address] = newValue
            guard old != new else { return }
            if let old { remove(old) }
            if let new { insert(new) }
            changed.insert(address)
        }
    }

    /// Those whose requests have to be told something, once.
    mutating func takeChanged() -> Set<Address> {
        defer { changed = [] }
        return changed
    }

    func replicas(_ entries: some Sequence<StageEntry>) -> [Registry.Replica] { entries.compactMap { replicas[$0.address] } }

    /// The first in the listing that has such traits.
    func first(where holds: (StageTraits) -> Bool) -> (entry: StageEntry, traits: StageTraits)? {
        var first: (entry: StageEntry, traits: StageTraits)?
        for (traits, group) in groups where holds(traits) {
            if let entry = group.members.first, first.map({ entry < $0.entry }) ?? true { first = (entry, traits) }
        }
        return first
    }

    /// The first that have such traits, as they are listed.
    func entries(first limit: Int = .max, where holds: (StageTraits) -> Bool) -> [StageEntry] {
        let found = groups.filter { holds($0.key) }.values.map { $0.members.prefix(limit) }
        return found.count == 1 ? Array(found[0]) : Array(found.joined().sorted().prefix(limit))
    }

    private mutating func insert(_ seat: StageSeat) {
        order.insert(seat.entry)
        groups[seat.traits, default: Group()].members.insert(seat.entry)
        groups[seat.traits]?.slots += seat.slots
    }

    private mutating func remove(_ seat: StageSeat) {
        order.remove(seat.entry)
        groups[seat.traits]?.members.remove(seat.entry)
        groups[seat.traits]?.slots -= seat.slots
        if groups[seat.traits]?.members.isEmpty == true { groups[seat.traits] = nil }
    }
}
