import Domain
import Gateway
import Testing
import Wire

/// Stages of one model that compute differently.
@Suite struct NumericsTests {
    private static let f32 = Numerics(precision: "f32", kernels: "avx2")
    private static let bf16 = Numerics(precision: "bf16", kernels: "avx512bf16")

    /// Text stages of one model that serve, in this order: text-0, text-1, …
    private func registry(_ stages: [(numerics: Numerics, slots: Int)], _ mixing: NumericsMixing = .standby) -> Registry {
        var registry = Registry(place: "there", mixing: mixing)
        _ = registry.know(Set(stages.indices.map { Stages.address("text-\($0)") }))
        for (index, stage) in stages.enumerated() { serve(&registry, index, stage.numerics, slots: stage.slots) }
        return registry
    }

    private func serve(_ registry: inout Registry, _ index: Int, _ numerics: Numerics, slots: Int = 1, process: Int = 1) {
        let address = Stages.address("text-\(index)")
        registry.heard(
            address, Stages.description("text", "\(index)", process: process, slots: slots, numerics: numerics), .serving)
        registry.passedProbe(address)
    }

    private func names(_ scheduler: inout SlotScheduler, _ registry: Registry, _ requests: [SlotRequest]) -> [String] {
        let ids = requests.map { scheduler.enqueue($0) }
        let given = Dictionary(uniqueKeysWithValues: scheduler.assign(registry).map { ($0.id, registry.replicas[$0.address]?.name ?? "") })
        return ids.map { given[$0] ?? "waits" }
    }

    private func request(_ arrival: Int, numerics: Numerics? = nil, avoid: Set<Registry.Incarnation> = []) -> SlotRequest {
        SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: arrival), model: "aa", numerics: numerics, avoid: avoid)
    }

    @Test("requests go to the numerics of most slots and wait for them when they are taken; the other stage is on standby and says so")
    func standby() {
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        let registry = registry([(Self.bf16, 1), (Self.f32, 1), (Self.f32, 1)])
        #expect(names(&scheduler, registry, (1...3).map { request($0) }) == ["text-1", "text-2", "waits"])
        #expect(registry.listing.map(registry.isOnStandby) == [true, false, false])
        #expect(registry.note(on: registry.listing[0]) == "on standby: computes bf16 avx512bf16, most slots f32 avx2")
        #expect(registry.note(on: registry.listing[1]) == "computes f32 avx2, text-0 bf16 avx512bf16")
    }

    @Test("what a stage found of its rows' bits is told beside how its numerics differ, and changes nothing")
    func bits() {
        var registry = registry([(Self.bf16, 1), (Self.f32, 2)])
        #expect(registry.remark(on: registry.listing[1]) == registry.note(on: registry.listing[1]))
        for (index, numerics) in [Self.bf16, Self.f32].enumerated() {
            let description = Stages.description("text", "\(index)", slots: index + 1, numerics: numerics, bitDifferences: ["a", "b"])
            registry.heard(Stages.address("text-\(index)"), description, .serving)
        }
        #expect(registry.listing.map(registry.remark) == registry.listing.map { "\(registry.note(on: $0) ?? ""); a; b" })
        #expect(registry.preferredNumerics(.text, model: "aa") == Self.f32)
    }

    @Test("slots count, not stages; of as many slots f32 goes first, whichever stage was there first")
    func preference() {
        #expect(registry([(Self.bf16, 3), (Self.f32, 1), (Self.f32, 1)]).preferredNumerics(.text, model: "aa") == Self.bf16)
        #expect(registry([(Self.bf16, 2), (Self.f32, 2)]).preferredNumerics(.text, model: "aa") == Self.f32)
        #expect(registry([(Self.f32, 2), (Self.bf16, 2)]).preferredNumerics(.text, model: "aa") == Self.f32)
        #expect(registry([(Self.f32, 1)]).preferredNumerics(.text, model: "bb") == nil)
    }

    @Test("a stage on standby serves while no other does")
    func fallback() {
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        var registry = registry([(Self.bf16, 1), (Self.f32, 2)])
        registry.lost(Stages.address("text-1"), "has ended")
        #expect(names(&scheduler, registry, [request(1)]) == ["text-0"])
        #expect(registry.note(on: registry.listing[0]) == nil)
    }

    @Test("a request that lost its stage goes to one of the same numerics where one serves, also against the majority, else to another")
    func retry() {
        for mixing in NumericsMixing.allCases where mixing != .refuse {
            var scheduler = SlotScheduler(Stages.firstOfEqual)
            let mixed = registry([(Self.bf16, 1), (Self.bf16, 1), (Self.f32, 4)], mixing)
            let failed = Registry.Incarnation(address: Stages.address("text-0"), process: 1)
            #expect(names(&scheduler, mixed, [request(1, numerics: Self.bf16, avoid: [failed])]) == ["text-1"])
            let alone = registry([(Self.bf16, 1), (Self.f32, 4)], mixing)
            #expect(names(&scheduler, alone, [request(2, numerics: Self.bf16, avoid: [failed])]) == ["text-1"])
        }
    }

    @Test("with use, requests go by load alone, and status tells of the mixture all the same")
    func use() {
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        let registry = registry([(Self.bf16, 1), (Self.f32, 1), (Self.f32, 1)], .use)
        #expect(Set(names(&scheduler, registry, (1...3).map { request($0) })) == ["text-0", "text-1", "text-2"])
        #expect(registry.note(on: registry.listing[0]) == "computes bf16 avx512bf16, text-1 f32 avx2")
    }

    @Test("with refuse, the first stage that serves decides for its model: one that differs gets nothing, even when it is alone, and says why")
    func refuse() {
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        var registry = registry([(Self.bf16, 1), (Self.f32, 4)], .refuse)
        let reason = "computes f32 avx2, this fleet bf16 avx512bf16, and --mixed-numerics is refuse"
        #expect(registry.listing.map(\.problem) == ["", reason])
        registry.lost(Stages.address("text-0"), "has ended")
        #expect(names(&scheduler, registry, [request(1)]) == ["waits"])
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 has ended, text-1 \(reason)")) {
            try registry.modelSet(for: [.text])
        }
        // Asked again it says the same; with the right numerics it serves.
        serve(&registry, 1, Self.f32)
        #expect(registry.listing[1].problem == reason)
        serve(&registry, 1, Self.bf16, process: 2)
        #expect(registry.listing[1].serves)
    }

    @Test("equal stages have nothing to tell, and tiles are told where there are any")
    func equal() {
        let registry = registry([(Self.f32, 1), (Self.f32, 1)])
        #expect(registry.listing.allSatisfy { registry.note(on: $0) == nil && !registry.isOnStandby($0) })
        #expect("\(Numerics(precision: "f32", kernels: "avx2", quantization: "int8", tileSide: 1024))" == "f32 avx2 int8, tiles of 1024")
        #expect("\(Numerics(precision: "bf16", kernels: "Ascend910B3", determinism: 0))" == "bf16 Ascend910B3, deterministic 0")
        #expect("\(Numerics())" == "unknown numerics")
    }
}
