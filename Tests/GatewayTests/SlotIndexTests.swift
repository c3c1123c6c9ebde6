import Domain
import Gateway
import TestSupport
import Testing
import Wire

/// The index of stages and of those who wait, beside a scan of all of them.
@Suite struct SlotIndexTests {
    /// What happens to a fleet, at random.
    private struct Story {
        var random: SeededRandom
        var registry: Registry
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        var scan = SlotScan()
        /// Who waits or has a slot.
        var present: [SlotScheduler.ID] = []

        init(_ mixing: NumericsMixing) {
            random = SeededRandom("slot index, \(mixing)")
            registry = Registry(place: "there", mixing: mixing)
        }

        mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
        mutating func pick<Value>(_ values: [Value]) -> Value { values.randomElement(using: &random)! }

        mutating func address() -> Address {
            Stages.address(pick(["text-0", "text-1", "text-2", "text-3", "diffusion-0", "diffusion-1", "diffusion-2"]))
        }

        /// Something happens to a stage.
        mutating func disturb() {
            let address = address()
            let process = registry.replicas[address]?.incarnation ?? Registry.Incarnation(address: address, process: 0)
            switch Int.random(in: 0..<12, using: &random) {
            case 0: _ = registry.know(Set(registry.replicas.keys).subtracting([address]))
            case 1: registry.lost(address, "has ended")
            case 2: registry.silent(address, "does not answer")
            case 3: registry.suspect(process)
            case 4: registry.closed(address)
            case 5: registry.failedProbe(process, "failed")
            default: serve(address)
            }
        }

        /// A stage says what it is, and mostly passes its probe.
        private mutating func serve(_ address: Address) {
            _ = registry.know(Set(registry.replicas.keys).union([address]))
            let kind = "\(address)".contains("text") ? "text" : "diffusion"
            let description = Stages.description(
                kind, String("\(address)".dropLast(5).last!), model: pick(["aa", "aa", "aa", "bb"]), name: pick(["m", "n"]),
                state: pick([.serving, .serving, .serving, .starting]), process: pick([1, 2, 3]), side: pick([0, 64]), slots: pick([1, 2, 4]),
                numerics: pick([Numerics(precision: "f32"), Numerics(precision: "bf16")]), stepCache: pick([0, 0.25, 0.5]))
            registry.heard(address, description, .serving)
            if !chance(4) { registry.passedProbe(address) }
        }

        mutating func request() -> SlotRequest {
            let addresses = (0..<Int.random(in: 0...2, using: &random)).map { _ in address() }
            var processes: [Registry.Incarnation] = []
            for address in addresses where chance(2) { processes.append(Registry.Incarnation(address: address, process: pick([1, 2, 3]))) }
            let turn = FairOrder.Turn(start: Double(pick([0, 1, 2])), arrival: Int.random(in: 0..<1000, using: &random))
            return SlotRequest(
                kind: pick([.text, .diffusion]), turn: turn,
                modelName: pick(["m", "n"]), model: pick([nil, "aa", "bb"]),
                numerics: pick([nil, nil, Numerics(precision: "f32"), Numerics(precision: "bf16")]), avoid: Set(processes), isolated: chance(6),
                stepCache: pick([0, 0, 0, 0.1, 0.25, 0.4, 0.5, 0.75]))
        }

        /// Something happens to those who wait, or to those who have slots.
        mutating func act() {
            switch Int.random(in: present.count > 30 ? 4..<8 : 0..<8, using: &random) {
            case 0..<4:
                let request = request(), id = scheduler.enqueue(request)
                #expect(scan.enqueue(request) == id)
                present.append(id)
            case 4..<6:
                guard let id = present.randomElement(using: &random) else { return }
                present.removeAll { $0 == id }
                scheduler.release(id)
                scan.release(id)
            case 6:
                let name = pick(["m", "n"]), old = pick(["aa", "bb"])
                scheduler.move(.text, of: name, from: old, to: "aa")
                scan.move(.text, of: name, from: old, to: "aa")
            default:
                let request = request(), spare = scheduler.takeSpare(request, registry)
                #expect(spare.map(SlotScan.Assignment.init) == scan.takeSpare(request, registry))
                if let spare { present.append(spare.id) }
            }
        }

        mutating func compare() {
            #expect(scheduler.assignments(registry).map(SlotScan.Assignment.init) == scan.assignments(registry))
            #expect(Set(scheduler.wantedSpares) == scan.wantedSpares)
            for kind in StageKind.allCases {
                #expect(scheduler.waiting(kind) == scan.waiting(kind) && scheduler.running(kind) == scan.running(kind))
                #expect(scheduler.places(kind).map(\.id) == scan.places(kind))
                for model in [nil, "aa", "bb"] {
                    let stages = registry.scanned(kind, model: model)
                    #expect(registry.candidates(kind, model: model) == stages && registry.hasCandidates(kind, model: model) == !stages.isEmpty)
                    #expect(registry.preferredNumerics(kind, model: model) == registry.scannedNumerics(kind, model: model))
                    #expect(registry.capacity(kind, model: model) == registry.scannedCapacity(kind, model: model))
                }
            }
            for replica in registry.replicas.values { #expect(scheduler.running(at: replica.address) == scan.running(at: replica.address)) }
        }

        /// What requests ask of all stages.
        func compareReads() {
            let listing = registry.scannedListing
            #expect(registry.listing == listing)
            let sides = listing.filter { $0.kind == .diffusion }.compactMap(\.description?.defaultSide)
            #expect(registry.defaultSide == sides.first { $0 > 0 } ?? 1024)
            #expect(registry.modelNames == Set(listing.map(\.modelName)).filter { !$0.isEmpty }.sorted())
            for model in [nil, "aa", "bb"] {
                let told = listing.filter { $0.kind == .diffusion && (model == nil || [model!, ""].contains($0.fingerprint)) }
                #expect(registry.mostStepCache(model: model) == told.compactMap(\.description?.limits.maxStepCache).max())
            }
            for replica in listing where replica.serves {
                let other = registry.scanned(replica.kind!, model: replica.fingerprint).first { $0.numerics != replica.numerics }
                let note = registry.note(on: replica)
                #expect(registry.isOnStandby(replica) ? note?.hasPrefix("on standby") == true : (note == nil) == (other == nil))
            }
        }
    }

    @Test(
        "whatever happens, the index chooses as a scan of all stages and all who wait, and reads tell what a scan finds",
        arguments: NumericsMixing.allCases)
    func agreesWithScan(mixing: NumericsMixing) {
        var story = Story(mixing)
        for _ in 0..<20 { story.disturb() }
        for _ in 0..<150 {
            if story.chance(3) { story.disturb() }
            // Of a registry that changes as it does in a gateway: only what has changed is told.
            story.scheduler.know(story.registry.takeChanged(), story.registry)
            story.act()
            story.compare()
            story.compareReads()
        }
    }

    /// So many text stages of a model with a slot each, all taken, and so many requests that wait; two more stages of another model are free.
    private func crowd(stages: Int, waiting: Int) -> (SlotScheduler, Registry, held: [SlotScheduler.ID]) {
        var registry = Stages.registry((0..<stages).map { ("text", "\($0)", "aa") } + [("text", "x", "bb"), ("text", "y", "bb")])
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        scheduler.know(registry.takeChanged(), registry)
        for arrival in 0..<(stages + waiting) { _ = scheduler.enqueue(request(arrival)) }
        let held = scheduler.assignments(registry).map(\.id)
        return (scheduler, registry, held)
    }

    private func request(_ arrival: Int, model: String = "aa") -> SlotRequest {
        SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: arrival), modelName: model, model: model)
    }

    /// What is looked at when something changes: each kind of change once.
    private func looks(stages: Int, waiting: Int) -> [String: Int] {
        var (scheduler, registry, held) = crowd(stages: stages, waiting: waiting)
        #expect(held.count == stages && scheduler.waiting(.text) == waiting)
        var looks: [String: Int] = [:]
        func count(_ change: String, given: Int, _ body: (inout SlotScheduler) -> Void) {
            let before = scheduler.looks
            body(&scheduler)
            #expect(scheduler.assignments(registry).count == given, "\(change)")
            looks[change] = scheduler.looks - before
        }
        count("a request comes", given: 0) { _ = $0.enqueue(request(1_000_000)) }
        count("a request comes for which a stage is free", given: 1) { _ = $0.enqueue(request(1_000_001, model: "bb")) }
        count("a request gives up", given: 0) { $0.release(stages + waiting / 2) }
        count("a slot becomes free", given: 1) { $0.release(held[stages / 2]) }
        count("a stage tells its load", given: 0) { $0.tells(Stages.address("text-0"), 3) }
        registry.lost(Stages.address("text-1"), "has ended")
        let lost = registry.takeChanged()
        count("a stage is lost", given: 0) { $0.know(lost, registry) }
        registry.heard(Stages.address("text-1"), Stages.description("text", "1", process: 2, slots: 2), .serving)
        registry.passedProbe(Stages.address("text-1"))
        let back = registry.takeChanged()
        count("a stage serves", given: 1) { $0.know(back, registry) }
        return looks
    }

    @Test("a change costs the same at 1,000 stages and 10,000 waiting requests as at 10 and 100, and little")
    func cost() {
        let few = looks(stages: 10, waiting: 100), many = looks(stages: 1000, waiting: 10_000)
        #expect(few == many && many.count == 7)
        #expect(many.values.allSatisfy { $0 <= 16 }, "\(many)")
    }

    @Test("while no slot is free, nothing is looked at")
    func nothingFree() {
        var scheduler = SlotScheduler()
        var registry = Stages.texts(slots: [1, 1])
        scheduler.know(registry.takeChanged(), registry)
        for arrival in 0..<20 { _ = scheduler.enqueue(request(arrival)) }
        #expect(scheduler.assignments(registry).count == 2)
        let before = scheduler.looks
        _ = scheduler.enqueue(request(20))
        #expect(scheduler.assignments(registry).isEmpty && scheduler.looks == before)
    }

    @Test("requests that ask for as many different step caches are no more work than those that ask for one")
    func stepCaches() {
        var registry = Stages.registry([("diffusion", "0", "aa"), ("diffusion", "1", "aa"), ("diffusion", "2", "aa")])
        for (index, most) in [Float(0), 0, 0.5].enumerated() {
            registry.heard(Stages.address("diffusion-\(index)"), Stages.description("diffusion", "\(index)", stepCache: most), .serving)
        }
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        scheduler.know(registry.takeChanged(), registry)
        for arrival in 1...200 {
            _ = scheduler.enqueue(SlotRequest(kind: .diffusion, turn: FairOrder.Turn(arrival: arrival), stepCache: Float(arrival) / 500))
        }
        #expect(scheduler.assignments(registry).map(\.address) == [Stages.address("diffusion-2")])
        let before = scheduler.looks
        #expect(scheduler.assignments(registry).isEmpty && scheduler.looks - before <= 8)
    }
}
