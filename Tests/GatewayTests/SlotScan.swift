import Domain
import Gateway
import Wire

/// What ``SlotScheduler`` decides and what ``Registry`` tells, by looking at all stages and all who wait, each time.
struct SlotScan {
    struct Assignment: Hashable {
        let id: SlotScheduler.ID
        let address: Address

        init(id: SlotScheduler.ID, address: Address) { (self.id, self.address) = (id, address) }
        init(_ other: SlotScheduler.Assignment) { (id, address) = (other.id, other.address) }
    }

    private struct Holder {
        let request: SlotRequest
        let address: Address
        let isSpare: Bool
    }

    private var waiting: [SlotScheduler.ID: SlotRequest] = [:]
    private var holding: [SlotScheduler.ID: Holder] = [:]
    private var last = 0

    func waiting(_ kind: StageKind) -> Int { waiting.values.count { $0.kind == kind } }
    func running(_ kind: StageKind) -> Int { holding.values.count { $0.request.kind == kind } }
    func running(at address: Address) -> Int { holding.values.count { $0.address == address } }

    var wantedSpares: Set<SlotScheduler.ID> { Set(holding.filter { $0.value.isSpare && waiting($0.value.request.kind) > 0 }.keys) }

    func places(_ kind: StageKind) -> [SlotScheduler.ID] { queue(kind).map(\.key) }

    private func queue(_ kind: StageKind) -> [(key: SlotScheduler.ID, value: SlotRequest)] {
        waiting.filter { $0.value.kind == kind }.sorted { ($0.value.turn, $0.key) < ($1.value.turn, $1.key) }
    }

    mutating func enqueue(_ request: SlotRequest) -> SlotScheduler.ID {
        last += 1
        waiting[last] = request
        return last
    }

    mutating func release(_ id: SlotScheduler.ID) {
        waiting[id] = nil
        holding[id] = nil
    }

    mutating func move(_ kind: StageKind, of name: String, from old: String, to new: String) {
        for (id, request) in waiting where request.kind == kind && request.modelName == name && request.model == old { waiting[id]?.model = new }
    }

    mutating func takeSpare(_ request: SlotRequest, _ registry: Registry) -> Assignment? {
        var reserved: Set<Address> = []
        guard waiting(request.kind) == 0, let address = choose(request, registry, &reserved) else { return nil }
        last += 1
        holding[last] = Holder(request: request, address: address, isSpare: true)
        return Assignment(id: last, address: address)
    }

    mutating func assignments(_ registry: Registry) -> [Assignment] {
        var given: [Assignment] = []
        for kind in StageKind.allCases {
            var reserved: Set<Address> = []
            for (id, request) in queue(kind) {
                guard let address = choose(request, registry, &reserved) else { continue }
                waiting[id] = nil
                holding[id] = Holder(request: request, address: address, isSpare: false)
                given.append(Assignment(id: id, address: address))
            }
        }
        return given
    }

    private func choose(_ request: SlotRequest, _ registry: Registry, _ reserved: inout Set<Address>) -> Address? {
        let able = registry.scanned(request.kind, model: request.model).filter {
            request.stepCache == 0 || request.stepCache <= $0.description?.limits.maxStepCache ?? 0
        }
        let fresh = able.filter { !request.avoid.contains($0.incarnation) }
        let alike = alike(fresh.isEmpty ? able : fresh, request, registry)
        let usable = alike.filter { stage in
            !reserved.contains(stage.address) && !holding.values.contains { $0.address == stage.address && $0.request.isolated }
        }
        guard request.isolated else {
            func load(_ stage: Registry.Replica) -> Double { Double(running(at: stage.address) + 1) / Double(stage.slots) }
            return usable.filter { running(at: $0.address) < $0.slots }.min { load($0) < load($1) }?.address
        }
        guard let emptiest = usable.min(by: { running(at: $0.address) < running(at: $1.address) }) else { return nil }
        guard running(at: emptiest.address) > 0 else { return emptiest.address }
        reserved.insert(emptiest.address)
        return nil
    }

    private func alike(_ stages: [Registry.Replica], _ request: SlotRequest, _ registry: Registry) -> [Registry.Replica] {
        var wishes = [request.numerics]
        if registry.mixing != .use { wishes += [registry.scannedNumerics(request.kind, model: request.model), mostSlots(stages)] }
        for wish in wishes {
            let alike = stages.filter { $0.numerics == wish }
            if !alike.isEmpty { return alike }
        }
        return stages
    }
}

extension Registry {
    /// As they are listed.
    var scannedListing: [Replica] {
        replicas.values.sorted { a, b in
            func place(_ replica: Replica) -> (Int, String, String) {
                (replica.kind.map { StageKind.allCases.firstIndex(of: $0)! } ?? .max, replica.name, "\(replica.address)")
            }
            return place(a) < place(b)
        }
    }

    func scanned(_ kind: StageKind, model: String?) -> [Replica] {
        scannedListing.filter { $0.kind == kind && $0.serves && (model == nil || $0.fingerprint == model) }
    }

    /// The preferred ones.
    func scannedNumerics(_ kind: StageKind, model: String?) -> Numerics? {
        mostSlots(
            replicas.values.filter {
                $0.kind == kind && $0.health == .serving && ($0.serves || $0.isBeingProbed) && (model == nil || $0.fingerprint == model)
            })
    }

    func scannedCapacity(_ kind: StageKind, model: String?) -> Capacity {
        let stages = scanned(kind, model: model).filter { mixing == .use || $0.numerics == scannedNumerics(kind, model: $0.fingerprint) }
        return Capacity(stages: stages.count, slots: stages.reduce(0) { $0 + $1.slots })
    }
}

private func mostSlots(_ stages: [Registry.Replica]) -> Numerics? {
    var slots: [Numerics: Int] = [:]
    for stage in stages { slots[stage.numerics, default: 0] += stage.slots }
    return slots.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
}
