import Gateway
import Domain
import Testing
import Wire

@Suite struct SlotSchedulerTests {
    private var scheduler = SlotScheduler(Stages.firstOfEqual)

    private func text(_ arrival: Int, avoid: [String] = [], isolated: Bool = false) -> SlotRequest {
        let avoided = avoid.map { Registry.Incarnation(address: Stages.address($0), process: 1) }
        return SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: arrival), avoid: Set(avoided), isolated: isolated)
    }

    /// Names of the stages given, in the order of giving.
    private mutating func assign(_ registry: Registry) -> [SlotScheduler.ID: String] {
        let pairs = scheduler.assign(registry).map { ($0.id, registry.replicas[$0.address]!.name) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test("who came to the gateway first goes first, whenever it came to this queue")
    mutating func order() {
        let registry = Stages.texts(slots: [1])
        let third = scheduler.enqueue(text(3)), second = scheduler.enqueue(text(2)), first = scheduler.enqueue(text(1))
        for id in [first, second, third] {
            #expect(assign(registry) == [id: "text-0"])
            scheduler.release(id)
        }
    }

    @Test("kinds have queues of their own: who waits for text holds up nobody who waits for diffusion")
    mutating func kinds() {
        let registry = Stages.registry([("text", "0", "aa"), ("diffusion", "0", "aa")])
        let held = scheduler.enqueue(text(1)), waits = scheduler.enqueue(text(2))
        let render = scheduler.enqueue(SlotRequest(kind: .diffusion, turn: FairOrder.Turn(arrival: 3)))
        #expect(assign(registry) == [held: "text-0", render: "diffusion-0"])
        #expect(scheduler.waiting(.text) == 1 && scheduler.running(.text) == 1 && scheduler.waiting(.diffusion) == 0)
        scheduler.release(held)
        #expect(assign(registry) == [waits: "text-0"])
    }

    @Test("a stage gets as many requests as it has slots, and the emptiest comes first")
    mutating func slots() {
        let registry = Stages.texts(slots: [1, 3])
        let ids = (1...5).map { scheduler.enqueue(text($0)) }
        let given = assign(registry)
        #expect(Set(given.keys) == Set(ids.prefix(4)))
        #expect(given.values.count { $0 == "text-0" } == 1 && given.values.count { $0 == "text-1" } == 3)
        #expect(given[ids[0]] == "text-1")
        #expect(assign(registry).isEmpty)
        scheduler.release(ids[1])
        #expect(assign(registry).keys.elementsEqual([ids[4]]))
    }

    @Test("a spare slot is given only while one is free and nobody waits, and is wanted back as soon as somebody does")
    mutating func spare() {
        let registry = Stages.texts(slots: [1])
        scheduler.know(registry)
        let spare = scheduler.takeSpare(text(9), registry)
        #expect(spare?.address == Stages.address("text-0") && scheduler.wantedSpares.isEmpty)
        #expect(scheduler.takeSpare(text(9), registry) == nil)
        let waits = scheduler.enqueue(text(1))
        #expect(assign(registry).isEmpty && scheduler.wantedSpares == [spare?.id])
        scheduler.release(spare?.id ?? 0)
        #expect(assign(registry) == [waits: "text-0"] && scheduler.wantedSpares.isEmpty)
        scheduler.release(waits)
        _ = scheduler.enqueue(text(2))
        #expect(scheduler.takeSpare(text(9), registry) == nil)
    }

    @Test("a slower stage is taken when the faster one is so full that it would be later")
    mutating func finish() {
        let registry = Stages.texts(slots: [4, 4])
        scheduler = SlotScheduler(LeastLoaded(draw: { _ in 0 }, seconds: { $0 == Stages.address("text-0") ? 1 : 2.5 }))
        for arrival in 1...4 { _ = scheduler.enqueue(text(arrival)) }
        let given = scheduler.assign(registry)
        #expect(given.map(\.address) == ["text-0", "text-0", "text-1", "text-0"].map(Stages.address))
    }

    @Test("a stage that other gateways keep busy is taken last, and full of theirs all the same: the request waits there rather than here")
    mutating func others() {
        let registry = Stages.texts(slots: [1, 1])
        scheduler.tells(Stages.address("text-0"), 1)
        let first = scheduler.enqueue(text(1)), second = scheduler.enqueue(text(2)), third = scheduler.enqueue(text(3))
        let given = scheduler.assign(registry)
        #expect(given.map(\.id) == [first, second] && given.map(\.address) == ["text-1", "text-0"].map(Stages.address))
        // A stage that tells no longer counts by what this gateway sends there.
        scheduler.release(first)
        scheduler.release(second)
        scheduler.tells(Stages.address("text-0"), nil)
        scheduler.tells(Stages.address("text-1"), 1)
        #expect(assign(registry) == [third: "text-0"])
    }

    @Test("what was sent to a stage counts before the stage has told of it")
    mutating func sentSince() {
        let registry = Stages.texts(slots: [4, 4])
        for stage in ["text-0", "text-1"] { scheduler.tells(Stages.address(stage), 0) }
        for arrival in 1...4 { _ = scheduler.enqueue(text(arrival)) }
        #expect(assign(registry).values.sorted() == ["text-0", "text-0", "text-1", "text-1"])
    }

    @Test("a stage that does not serve gets nothing, and a model's requests go to its stages only")
    mutating func serving() {
        var registry = Stages.registry([("text", "0", "aa"), ("text", "1", "bb")])
        let wish = scheduler.enqueue(SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: 1), model: "bb"))
        registry.lost(Stages.address("text-1"), "has ended")
        #expect(assign(registry).isEmpty)
        registry.heard(Stages.address("text-1"), Stages.description("text", "1", model: "bb"), .serving)
        registry.passedProbe(Stages.address("text-1"))
        #expect(assign(registry) == [wish: "text-1"])
    }

    @Test("a process that has failed the request is avoided while another serves, and taken when there is none")
    mutating func avoid() {
        let first = scheduler.enqueue(text(1, avoid: ["text-0"]))
        #expect(assign(Stages.texts(slots: [2, 1])) == [first: "text-1"])
        // It rather waits for the other than go where it failed.
        let second = scheduler.enqueue(text(2, avoid: ["text-0"]))
        #expect(assign(Stages.texts(slots: [2, 1])).isEmpty)
        #expect(assign(Stages.texts(slots: [2])) == [second: "text-0"])
    }

    @Test("the process that takes a failed one's place is not avoided")
    mutating func successor() {
        var registry = Stages.texts(slots: [1, 1])
        registry.heard(Stages.address("text-0"), Stages.description("text", "0", process: 2), .serving)
        registry.passedProbe(Stages.address("text-0"))
        let wish = scheduler.enqueue(text(1, avoid: ["text-0", "text-1"]))
        #expect(assign(registry) == [wish: "text-0"])
    }

    @Test("a request that goes alone gets an empty stage, and nobody joins it there")
    mutating func alone() {
        let registry = Stages.texts(slots: [2, 2])
        let other = scheduler.enqueue(text(1))
        #expect(assign(registry) == [other: "text-0"])
        let alone = scheduler.enqueue(text(2, isolated: true))
        #expect(assign(registry) == [alone: "text-1"])
        let joins = scheduler.enqueue(text(3)), waits = scheduler.enqueue(text(4))
        #expect(assign(registry) == [joins: "text-0"])
        scheduler.release(alone)
        #expect(assign(registry) == [waits: "text-1"])
    }

    @Test("a stage is emptied for a request that goes alone: those behind it don't get in, those on other stages do")
    mutating func emptied() {
        let registry = Stages.texts(slots: [2, 3])
        let busy = (1...3).map { scheduler.enqueue(text($0)) }
        let before = assign(registry)
        #expect(before[busy[0]] == "text-1" && before[busy[1]] == "text-0" && before[busy[2]] == "text-1")
        let alone = scheduler.enqueue(text(4, isolated: true)), behind = scheduler.enqueue(text(5)), last = scheduler.enqueue(text(6))
        #expect(assign(registry) == [behind: "text-1"])
        scheduler.release(busy[1])
        #expect(assign(registry) == [alone: "text-0"])
        #expect(scheduler.waiting(.text) == 1)
        scheduler.release(alone)
        #expect(assign(registry) == [last: "text-0"])
    }

    @Test("a request that goes alone is served however many come behind it")
    mutating func noStarvation() {
        let registry = Stages.texts(slots: [4])
        var running = (1...3).map { scheduler.enqueue(text($0)) }
        _ = assign(registry)
        let alone = scheduler.enqueue(text(4, isolated: true))
        var arrival = 4
        while !running.isEmpty {
            arrival += 1
            _ = scheduler.enqueue(text(arrival))
            #expect(assign(registry).isEmpty)
            scheduler.release(running.removeFirst())
        }
        #expect(assign(registry) == [alone: "text-0"])
    }

    @Test("two that go alone get a stage each")
    mutating func twoAlone() {
        let first = scheduler.enqueue(text(1, isolated: true)), second = scheduler.enqueue(text(2, isolated: true))
        #expect(assign(Stages.texts(slots: [4])) == [first: "text-0"])
        #expect(assign(Stages.texts(slots: [4, 4])) == [second: "text-1"])
    }

    @Test("after a swap, who waited for the old model gets the new one's stages; who holds a slot keeps it")
    mutating func move() {
        let registry = Stages.registry([("text", "0", "old"), ("text", "1", "new")])
        let holds = scheduler.enqueue(SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: 1), modelName: "m", model: "old"))
        let waits = scheduler.enqueue(SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: 2), modelName: "m", model: "old"))
        #expect(assign(registry) == [holds: "text-0"])
        scheduler.move(.diffusion, of: "m", from: "old", to: "new")
        #expect(assign(registry).isEmpty)
        scheduler.move(.text, of: "another with the same text part", from: "old", to: "new")
        #expect(assign(registry).isEmpty)
        scheduler.move(.text, of: "m", from: "old", to: "new")
        #expect(assign(registry) == [waits: "text-1"])
        #expect(scheduler.running(at: Stages.address("text-0")) == 1)
    }

    @Test("a wish that is given up leaves the line, and the next one moves up")
    mutating func withdraw() {
        let registry = Stages.texts(slots: [1])
        let holds = scheduler.enqueue(text(1)), gone = scheduler.enqueue(text(2)), next = scheduler.enqueue(text(3))
        #expect(assign(registry) == [holds: "text-0"])
        scheduler.release(gone)
        #expect(scheduler.waiting(.text) == 1)
        scheduler.release(holds)
        #expect(assign(registry) == [next: "text-0"])
    }

    @Test("a place counts requests of the same model that go first, in the order of turns")
    mutating func places() {
        let third = scheduler.enqueue(text(3)), first = scheduler.enqueue(text(1)), same = scheduler.enqueue(text(3))
        let other = scheduler.enqueue(SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: 2), modelName: "other"))
        #expect(scheduler.places(.text).map(\.id) == [first, other, third, same] && scheduler.places(.text).map(\.ahead) == [0, 0, 1, 1])
        scheduler.release(first)
        #expect(scheduler.places(.text).map(\.ahead) == [0, 0, 0] && scheduler.places(.diffusion).isEmpty)
    }
}
