import Domain
import Gateway
import Testing
import Wire

@Suite struct FairOrderTests {
    private let greedy = Caller(identity: "greedy"), polite = Caller(identity: "polite")
    private var order = FairOrder()

    @Test("the requests of one caller are served in the order of their arrival")
    mutating func arrival() {
        let turns = (0..<5).map { _ in order.enter(greedy, cost: 2) }
        #expect(turns == turns.sorted() && Set(turns).count == 5)
    }

    @Test("a caller's first request goes before the second of one who came earlier with many")
    mutating func first() {
        let many = (0..<9).map { _ in order.enter(greedy, cost: 1) }
        let one = order.enter(polite, cost: 1)
        #expect(many[0] < one && one < many[1])
    }

    @Test("who has waited through others' work is not overtaken for ever: newcomers' turns come later as work is done")
    mutating func noStarvation() {
        _ = order.enter(greedy, cost: 1)
        let second = order.enter(greedy, cost: 1)
        var overtaking = 0
        while overtaking < 100 {
            let newcomer = Caller(identity: "\(overtaking)")
            guard order.enter(newcomer, cost: 1) < second else { break }
            overtaking += 1
            order.leave(newcomer, work: 1)
        }
        #expect(overtaking == 2)
    }

    @Test("the dearer its requests, the fewer turns a caller gets")
    mutating func cost() {
        let dear = (0..<3).map { _ in order.enter(greedy, cost: 4) }
        let cheap = (0..<8).map { _ in order.enter(polite, cost: 1) }
        #expect(cheap[3] < dear[1] && dear[1] < cheap[4])
    }

    @Test("a key with weight 3 gets three turns for each one of another caller")
    mutating func weight() {
        let heavy = Caller(Grant(name: "heavy", scopes: [.images], weight: 3))
        let others = (0..<4).map { _ in order.enter(polite, cost: 1) }
        let turns = (0..<9).map { _ in order.enter(heavy, cost: 1) }
        #expect(turns[2] < others[1] && others[1] < turns[4] && turns[5] < others[2] && others[2] < turns[7])
    }

    @Test("work moves time on by the weights of those who wait, so that a heavy caller's newcomers wait no longer than their share")
    mutating func weightedTime() {
        let heavy = Caller(Grant(name: "heavy", scopes: [.images], weight: 3))
        _ = order.enter(heavy, cost: 1)
        _ = order.enter(heavy, cost: 1)
        let waiting = order.enter(polite, cost: 1)
        _ = order.enter(polite, cost: 1)
        order.leave(heavy, work: 1)
        // 1 / (3 + 1)
        #expect(order.next(Caller(identity: "new")) == FairOrder.Turn(start: 0.25, arrival: 5) && waiting < order.next(Caller(identity: "new")))
    }

    @Test("a key whose rights were changed meanwhile is the same caller")
    mutating func changed() {
        let before = Caller(Grant(name: "a", scopes: [.images])), after = Caller(Grant(name: "a", scopes: [.images, .chat], weight: 2))
        _ = order.enter(before, cost: 1)
        #expect(order.enter(after, cost: 1) == FairOrder.Turn(start: 1, arrival: 2) && order.callers == 1 && order.requests(of: after) == 2)
        order.leave(after, work: 1)
        order.leave(before, work: 1)
        #expect(order.callers == 0)
    }

    @Test("nobody saves up turns while it asks for nothing")
    mutating func noSavings() {
        for _ in 0..<9 { _ = order.enter(greedy, cost: 1) }
        for _ in 0..<5 { order.leave(greedy, work: 1) }
        let late = (0..<3).map { _ in order.enter(polite, cost: 1) }
        let next = order.enter(greedy, cost: 1)
        #expect(late[0] < next && !(late[2] < FairOrder.Turn(start: 5, arrival: 0)))
    }

    @Test("who comes and gives up moves nobody's turn")
    mutating func givenUp() {
        let many = (0..<9).map { _ in order.enter(greedy, cost: 1) }
        for _ in 0..<50 {
            _ = order.enter(polite, cost: 1)
            order.leave(polite, work: 0)
        }
        let other = order.enter(Caller(identity: "other"), cost: 1)
        #expect(other < many[1])
    }

    @Test("a caller that has left is forgotten")
    mutating func forgotten() {
        for index in 0..<1000 {
            let caller = Caller(identity: "\(index)")
            _ = order.enter(caller, cost: 1)
            order.leave(caller, work: 1)
        }
        #expect(order.callers == 0 && order.requests(of: polite) == 0)
    }
}
