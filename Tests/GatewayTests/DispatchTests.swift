import Gateway
import Domain
import Testing
import Wire

@Suite struct DispatchTests {
    private var dispatch = Dispatch()

    private func text(_ arrival: Int, avoid: [String] = [], alone: Bool = false) -> Dispatch.Wish {
        let avoided = avoid.map { Registry.Incarnation(address: Stages.address($0), process: 1) }
        return Dispatch.Wish(kind: .text, arrival: arrival, avoid: Set(avoided), alone: alone)
    }

    /// Names of the stages given, in the order of giving.
    private mutating func assign(_ registry: Registry) -> [Dispatch.ID: String] {
        let pairs = dispatch.assign(registry).map { ($0.id, registry.replicas[$0.address]!.name) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test("who came to the gateway first goes first, whenever it came to this line")
    mutating func order() {
        let registry = Stages.texts(slots: [1])
        let third = dispatch.wish(text(3)), second = dispatch.wish(text(2)), first = dispatch.wish(text(1))
        for id in [first, second, third] {
            #expect(assign(registry) == [id: "text-0"])
            dispatch.leave(id)
        }
    }

    @Test("kinds have lines of their own: who waits for text holds up nobody who waits for diffusion")
    mutating func kinds() {
        let registry = Stages.registry([("text", "0", "aa"), ("diffusion", "0", "aa")])
        let held = dispatch.wish(text(1)), waits = dispatch.wish(text(2))
        let render = dispatch.wish(Dispatch.Wish(kind: .diffusion, arrival: 3))
        #expect(assign(registry) == [held: "text-0", render: "diffusion-0"])
        #expect(dispatch.waiting(.text) == 1 && dispatch.running(.text) == 1 && dispatch.waiting(.diffusion) == 0)
        dispatch.leave(held)
        #expect(assign(registry) == [waits: "text-0"])
    }

    @Test("a stage gets as many requests as it has slots, and the emptiest comes first")
    mutating func slots() {
        let registry = Stages.texts(slots: [1, 3])
        let ids = (1...5).map { dispatch.wish(text($0)) }
        let given = assign(registry)
        #expect(Set(given.keys) == Set(ids.prefix(4)))
        #expect(given.values.count { $0 == "text-0" } == 1 && given.values.count { $0 == "text-1" } == 3)
        #expect(given[ids[0]] == "text-1")
        #expect(assign(registry).isEmpty)
        dispatch.leave(ids[1])
        #expect(assign(registry).keys.elementsEqual([ids[4]]))
    }

    @Test("a slower stage is taken when the faster one is so full that it would be later")
    mutating func finish() {
        let registry = Stages.texts(slots: [4, 4])
        for arrival in 1...4 { _ = dispatch.wish(text(arrival)) }
        let given = dispatch.assign(registry) { $0.name == "text-0" ? 1 : 2.5 }
        #expect(given.map(\.address) == ["text-0", "text-0", "text-1", "text-0"].map(Stages.address))
    }

    @Test("a stage that does not serve gets nothing, and a model's requests go to its stages only")
    mutating func serving() {
        var registry = Stages.registry([("text", "0", "aa"), ("text", "1", "bb")])
        let wish = dispatch.wish(Dispatch.Wish(kind: .text, arrival: 1, model: "bb"))
        registry.lost(Stages.address("text-1"), "has ended")
        #expect(assign(registry).isEmpty)
        registry.heard(Stages.address("text-1"), Stages.description("text", "1", model: "bb"), .serving)
        registry.proved(Stages.address("text-1"))
        #expect(assign(registry) == [wish: "text-1"])
    }

    @Test("a process that has failed the request is avoided while another serves, and taken when there is none")
    mutating func avoid() {
        let first = dispatch.wish(text(1, avoid: ["text-0"]))
        #expect(assign(Stages.texts(slots: [2, 1])) == [first: "text-1"])
        // It rather waits for the other than go where it failed.
        let second = dispatch.wish(text(2, avoid: ["text-0"]))
        #expect(assign(Stages.texts(slots: [2, 1])).isEmpty)
        #expect(assign(Stages.texts(slots: [2])) == [second: "text-0"])
    }

    @Test("the process that takes a failed one's place is not avoided")
    mutating func successor() {
        var registry = Stages.texts(slots: [1, 1])
        registry.heard(Stages.address("text-0"), Stages.description("text", "0", process: 2), .serving)
        registry.proved(Stages.address("text-0"))
        let wish = dispatch.wish(text(1, avoid: ["text-0", "text-1"]))
        #expect(assign(registry) == [wish: "text-0"])
    }

    @Test("a request that goes alone gets an empty stage, and nobody joins it there")
    mutating func alone() {
        let registry = Stages.texts(slots: [2, 2])
        let other = dispatch.wish(text(1))
        #expect(assign(registry) == [other: "text-0"])
        let alone = dispatch.wish(text(2, alone: true))
        #expect(assign(registry) == [alone: "text-1"])
        let joins = dispatch.wish(text(3)), waits = dispatch.wish(text(4))
        #expect(assign(registry) == [joins: "text-0"])
        dispatch.leave(alone)
        #expect(assign(registry) == [waits: "text-1"])
    }

    @Test("a stage is emptied for a request that goes alone: those behind it don't get in, those on other stages do")
    mutating func emptied() {
        let registry = Stages.texts(slots: [2, 3])
        let busy = (1...3).map { dispatch.wish(text($0)) }
        let before = assign(registry)
        #expect(before[busy[0]] == "text-1" && before[busy[1]] == "text-0" && before[busy[2]] == "text-1")
        let alone = dispatch.wish(text(4, alone: true)), behind = dispatch.wish(text(5)), last = dispatch.wish(text(6))
        #expect(assign(registry) == [behind: "text-1"])
        dispatch.leave(busy[1])
        #expect(assign(registry) == [alone: "text-0"])
        #expect(dispatch.waiting(.text) == 1)
        dispatch.leave(alone)
        #expect(assign(registry) == [last: "text-0"])
    }

    @Test("a request that goes alone is served however many come behind it")
    mutating func noStarvation() {
        let registry = Stages.texts(slots: [4])
        var running = (1...3).map { dispatch.wish(text($0)) }
        _ = assign(registry)
        let alone = dispatch.wish(text(4, alone: true))
        var arrival = 4
        while !running.isEmpty {
            arrival += 1
            _ = dispatch.wish(text(arrival))
            #expect(assign(registry).isEmpty)
            dispatch.leave(running.removeFirst())
        }
        #expect(assign(registry) == [alone: "text-0"])
    }

    @Test("two that go alone get a stage each")
    mutating func twoAlone() {
        let first = dispatch.wish(text(1, alone: true)), second = dispatch.wish(text(2, alone: true))
        #expect(assign(Stages.texts(slots: [4])) == [first: "text-0"])
        #expect(assign(Stages.texts(slots: [4, 4])) == [second: "text-1"])
    }

    @Test("after a swap, who waited for the old model gets the new one's stages; who holds a slot keeps it")
    mutating func move() {
        let registry = Stages.registry([("text", "0", "old"), ("text", "1", "new")])
        let holds = dispatch.wish(Dispatch.Wish(kind: .text, arrival: 1, model: "old"))
        let waits = dispatch.wish(Dispatch.Wish(kind: .text, arrival: 2, model: "old"))
        #expect(assign(registry) == [holds: "text-0"])
        dispatch.move(.diffusion, to: "new")
        #expect(assign(registry).isEmpty)
        dispatch.move(.text, to: "new")
        #expect(assign(registry) == [waits: "text-1"])
        #expect(dispatch.running(at: Stages.address("text-0")) == 1)
    }

    @Test("a wish that is given up leaves the line, and the next one moves up")
    mutating func withdraw() {
        let registry = Stages.texts(slots: [1])
        let holds = dispatch.wish(text(1)), gone = dispatch.wish(text(2)), next = dispatch.wish(text(3))
        #expect(assign(registry) == [holds: "text-0"])
        dispatch.leave(gone)
        #expect(dispatch.waiting(.text) == 1)
        dispatch.leave(holds)
        #expect(assign(registry) == [next: "text-0"])
    }
}
