import Domain
import Wire

/// The slots of the stages that serve. Stages with the same traits are a pool, where they stand in the order in which they are taken: to find
/// one takes no look at the others.
struct SlotPools: Sendable {
    /// A stage in an order of its pool.
    private struct Candidate: Sendable, Hashable, Comparable {
        let rank: Double
        let entry: StageEntry

        static func < (a: Candidate, b: Candidate) -> Bool { a.rank == b.rank ? a.entry < b.entry : a.rank < b.rank }
    }

    private struct Pool: Sendable {
        var stages = 0, slots = 0
        /// Those with a free slot that anybody may have, by ``LeastLoaded``.
        var free = OrderedList<Candidate>()
        /// Those without a request that goes alone, by the number of their requests.
        var shared = OrderedList<Candidate>()

        mutating func insert(_ stage: Stage, _ seat: StageSeat) {
            stages += 1
            slots += seat.slots
            if let candidate = stage.free { free.insert(candidate) }
            if let candidate = stage.shared { shared.insert(candidate) }
        }

        mutating func remove(_ stage: Stage, _ seat: StageSeat) {
            stages -= 1
            slots -= seat.slots
            if let candidate = stage.free { free.remove(candidate) }
            if let candidate = stage.shared { shared.remove(candidate) }
        }
    }

    private struct Stage: Sendable {
        /// Nil: it does not serve.
        var seat: StageSeat?
        /// Requests of this gateway.
        var running = 0
        /// A request that goes alone is there.
        var isTaken = false
        /// What it tells of the requests of all gateways.
        var known: KnownLoad?
        /// Where it stands in its pool.
        var free: Candidate?, shared: Candidate?

        var isForgotten: Bool { seat == nil && running == 0 && known == nil }
    }

    /// What there is for a request.
    enum Offer: Sendable, Hashable {
        case slot(Address)
        /// A stage that it gets once the stage is empty.
        case soon(Address)
    }

    private let leastLoaded: LeastLoaded
    private var pools: [StageKind: [StageTraits: Pool]] = [:]
    private var stages: [Address: Stage] = [:]
    /// How many pools and stages were looked at so far: what decisions cost.
    private(set) var looks = 0

    init(_ leastLoaded: LeastLoaded) { self.leastLoaded = leastLoaded }

    func running(at address: Address) -> Int { stages[address]?.running ?? 0 }

    /// Whether a stage of the kind has a free slot.
    func hasFree(_ kind: StageKind) -> Bool { pools[kind]?.values.contains { !$0.free.isEmpty } ?? false }

    /// The values of `maxStepCache` that stages of the kind have, in their order.
    func stepCaches(_ kind: StageKind) -> [Float] { Set((pools[kind] ?? [:]).keys.map(\.maxStepCache)).sorted() }

    // MARK: What stages are

    /// - Parameter seat: nil: it is gone.
    mutating func know(_ address: Address, _ seat: StageSeat?) {
        change(address) {
            $0.seat = seat?.traits.standing == .serves ? seat : nil
            if seat == nil { $0.known = nil }
        }
    }

    /// - Parameter requests: that it has, of all gateways; nil: it tells no longer.
    mutating func tells(_ address: Address, _ requests: Int?) { change(address) { $0.known = requests.map(KnownLoad.init) } }

    mutating func take(_ address: Address, alone: Bool) {
        change(address) {
            $0.running += 1
            $0.isTaken = $0.isTaken || alone
            $0.known?.sends()
        }
    }

    mutating func giveBack(_ address: Address, alone: Bool) {
        change(address) {
            $0.running -= 1
            if alone { $0.isTaken = false }
        }
    }

    private func load(_ stage: Stage, _ seat: StageSeat) -> LeastLoaded.Load {
        LeastLoaded.Load(requests: stage.known?.requests(own: stage.running) ?? stage.running, slots: seat.slots)
    }

    private mutating func change(_ address: Address, _ body: (inout Stage) -> Void) {
        looks += 1
        var stage = stages[address] ?? Stage()
        if let seat = stage.seat, let kind = seat.traits.kind {
            pools[kind]?[seat.traits]?.remove(stage, seat)
            if pools[kind]?[seat.traits]?.stages == 0 { pools[kind]?[seat.traits] = nil }
        }
        body(&stage)
        (stage.free, stage.shared) = (nil, nil)
        if let seat = stage.seat, let kind = seat.traits.kind {
            if !stage.isTaken {
                stage.shared = Candidate(rank: Double(stage.running), entry: seat.entry)
                let rank = leastLoaded.finish(load(stage, seat), at: address)
                stage.free = stage.running < seat.slots ? Candidate(rank: rank, entry: seat.entry) : nil
            }
            pools[kind, default: [:]][seat.traits, default: Pool()].insert(stage, seat)
        }
        stages[address] = stage.isForgotten ? nil : stage
    }

    // MARK: Which of them a request gets

    /// - Parameter reserved: stages that are emptied for requests before: nobody behind those gets in there.
    mutating func offer(_ request: SlotRequest, _ registry: Registry, reserved: Set<Address> = []) -> Offer? {
        let (pools, avoided) = usable(request, registry)
        let excluded = reserved.union(avoided)
        guard request.isolated else { return leastLoaded(of: pools.map(\.free), excluded).map { .slot($0) } }
        guard let emptiest = first(of: pools.map(\.shared), excluded) else { return nil }
        return emptiest.rank == 0 ? .slot(emptiest.entry.address) : .soon(emptiest.entry.address)
    }

    /// The pools that a request may go to, without the processes that have failed it, unless there are no others.
    private mutating func usable(_ request: SlotRequest, _ registry: Registry) -> (pools: [Pool], avoided: Set<Address>) {
        let able = (pools[request.kind] ?? [:]).filter { traits, _ in
            (request.model == nil || traits.fingerprint == request.model) && request.stepCache <= traits.maxStepCache
        }
        looks += able.count + request.avoid.count
        var avoided = request.avoid.compactMap { process in stages[process.address]?.seat.flatMap { $0.incarnation == process ? $0 : nil } }
            .filter { able[$0.traits] != nil }
        if avoided.count == able.values.reduce(0, { $0 + $1.stages }) { avoided = [] }
        var slots: [Numerics: Int] = [:]
        for (traits, pool) in able {
            let without = avoided.filter { $0.traits == traits }
            guard without.count < pool.stages else { continue }
            slots[traits.numerics, default: 0] += pool.slots - without.reduce(0) { $0 + $1.slots }
        }
        let numerics = registry.choice(of: slots, for: request)
        return (able.filter { numerics == nil || $0.key.numerics == numerics }.map(\.value), Set(avoided.map(\.entry.address)))
    }

    private mutating func first(of lists: [OrderedList<Candidate>], _ excluded: Set<Address>) -> Candidate? {
        lists.compactMap { list in
            list.first { candidate in
                looks += 1
                return !excluded.contains(candidate.entry.address)
            }
        }.min()
    }

    /// Any of those that are as good as the first.
    private mutating func leastLoaded(of lists: [OrderedList<Candidate>], _ excluded: Set<Address>) -> Address? {
        guard let first = first(of: lists, excluded) else { return nil }
        let equal = lists.map { list in list[list.boundary { $0.rank < first.rank }..<list.boundary { $0.rank <= first.rank }] }
        var index = leastLoaded.oneOf(equal.reduce(0) { $0 + $1.count })
        for slice in equal.filter({ !$0.isEmpty }).sorted(by: { $0.first! < $1.first! }) {
            if index < slice.count {
                let address = slice[slice.startIndex + index].entry.address
                return excluded.contains(address) ? first.entry.address : address
            }
            index -= slice.count
        }
        return nil
    }
}
