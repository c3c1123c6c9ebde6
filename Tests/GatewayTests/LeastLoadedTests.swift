import Domain
import Gateway
import Testing

@Suite struct LeastLoadedTests {
    /// Where a request goes that comes to idle text stages, with what they tell.
    private func choice(_ rule: LeastLoaded, slots: [Int], told: [Int]) -> String? {
        let registry = Stages.texts(slots: slots)
        var scheduler = SlotScheduler(rule)
        for (index, requests) in told.enumerated() { scheduler.tells(Stages.address("text-\(index)"), requests) }
        _ = scheduler.enqueue(SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: 1)))
        return scheduler.assign(registry).first.flatMap { registry.replicas[$0.address]?.name }
    }

    @Test("the stage that is least full is taken, whoever filled the others: by its slots, not by the number of requests")
    func least() {
        #expect(choice(Stages.firstOfEqual, slots: [1, 1, 1], told: [1, 0, 2]) == "text-1")
        #expect(choice(Stages.firstOfEqual, slots: [1, 8], told: [1, 3]) == "text-1")
    }

    @Test("of equal stages the one that is drawn is taken, and nothing is drawn where one is least")
    func ties() {
        for (draw, chosen) in ["text-1", "text-2", "text-4"].enumerated() {
            let rule = LeastLoaded { count in
                #expect(count == 3)
                return draw
            }
            #expect(choice(rule, slots: [1, 1, 1, 1, 1], told: [2, 1, 1, 3, 1]) == chosen)
        }
        let alone = LeastLoaded { _ in
            Issue.record("one stage is least")
            return 0
        }
        #expect(choice(alone, slots: [1, 1], told: [1, 0]) == "text-1")
    }

    @Test("left to itself the rule takes each of equal stages")
    func random() {
        let registry = Stages.texts(slots: [100, 100, 100])
        var scheduler = SlotScheduler()
        let taken = (1...60).flatMap { arrival in
            let id = scheduler.enqueue(SlotRequest(kind: .text, turn: FairOrder.Turn(arrival: arrival)))
            defer { scheduler.release(id) }
            return scheduler.assign(registry).map(\.address)
        }
        #expect(taken.count == 60 && Set(taken).count == 3)
    }

    @Test("what was sent since the stage told counts, until it tells again, or until it is given up")
    func sent() {
        var known = KnownLoad(told: 2)
        #expect(known.requests(own: 0) == 2)
        known.sends()
        #expect(known.requests(own: 1) == 3)
        // Given up before it came there: the stage has nothing to tell.
        #expect(known.requests(own: 0) == 2)
        known = KnownLoad(told: 3)
        #expect(known.requests(own: 1) == 3)
        // It has not heard of any yet.
        #expect(KnownLoad(told: 0).requests(own: 2) == 2)
    }
}
