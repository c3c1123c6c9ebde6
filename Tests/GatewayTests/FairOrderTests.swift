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
