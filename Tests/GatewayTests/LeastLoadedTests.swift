import Gateway
import Testing

@Suite struct LeastLoadedTests {
    private typealias Load = LeastLoaded.Load

    @Test("the stage that is least full is taken, whoever filled the others: by its slots, not by the number of requests")
    func least() {
        let rule = LeastLoaded { _ in 0 }
        #expect(rule.choose([Load(requests: 1), Load(requests: 0), Load(requests: 2)]) == 1)
        #expect(rule.choose([Load(requests: 1, slots: 1), Load(requests: 3, slots: 8)]) == 1)
        #expect(rule.choose([]) == nil)
    }

    @Test("of equal stages the one that is drawn is taken, and nothing is drawn where one is least")
    func ties() {
        let equal = [Load(requests: 2), Load(requests: 1), Load(requests: 1), Load(requests: 3), Load(requests: 1)]
        for (draw, chosen) in [(0, 1), (1, 2), (2, 4)] {
            let rule = LeastLoaded { count in
                #expect(count == 3)
                return draw
            }
            #expect(rule.choose(equal) == chosen)
        }
        let alone = LeastLoaded { _ in
            Issue.record("one stage is least")
            return 0
        }
        #expect(alone.choose([Load(requests: 1), Load(requests: 0)]) == 1)
    }

    @Test("left to itself the rule takes each of equal stages")
    func random() {
        let rule = LeastLoaded(), equal = [Load](repeating: Load(), count: 3)
        #expect(Set((0..<200).compactMap { _ in rule.choose(equal) }) == [0, 1, 2])
    }

    @Test("a slower stage is taken where the faster one is so full that it would be later")
    func slower() {
        let rule = LeastLoaded { _ in 0 }, seconds = [1, 2.5]
        #expect(rule.choose([Load(requests: 0), Load(requests: 0)]) { seconds[$0] } == 0)
        #expect(rule.choose([Load(requests: 2), Load(requests: 0)]) { seconds[$0] } == 1)
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
