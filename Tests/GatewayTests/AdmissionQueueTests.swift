import Domain
import Gateway
import Testing
import Wire

@Suite struct AdmissionQueueTests {
    private let caller = Caller(identity: "a"), other = Caller(identity: "b")

    @Test("turns are given in the order of arrival, and never twice")
    func turns() throws {
        var queue = AdmissionQueue(limit: 2)
        let first = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil)
        let second = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil)
        queue.leave(first, isDone: true)
        let third = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil)
        #expect(first < second && second < third && queue.count == 2)
    }

    @Test("a full gateway refuses with the numbers and a hint, and has room again when one leaves")
    func full() throws {
        var queue = AdmissionQueue(limit: 2)
        let turn = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil)
        _ = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil)
        #expect(
            throws: CallError(.resourceExhausted, "gateway is full: 2 of 2 requests in flight", retryAfter: .milliseconds(500))
        ) { try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil) }
        #expect(
            throws: CallError(
                .resourceExhausted, "gateway is full: 2 of 2 requests in flight; place 3 would be done in about 42 s",
                retryAfter: .seconds(21))
        ) { try queue.enter([.text: 1], by: caller, model: "m", finish: 42, left: nil) }
        #expect(queue.refused == 2 && queue.count == 2)
        queue.leave(turn, isDone: false)
        _ = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil)
    }

    @Test("one caller can't take the last quarter of the places: others come in until the gateway is full, up to equal shares")
    func shares() throws {
        var queue = AdmissionQueue(limit: 16)
        for _ in 0..<12 { _ = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil) }
        let alone = #expect(throws: CallError.self) { try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil) }
        #expect(
            alone?.message
                == "gateway is nearly full: 12 of 16 requests in flight, 12 of them yours; the last 4 places are for callers with fewer than 8")
        for _ in 0..<3 { _ = try queue.enter([.text: 1], by: other, model: "m", finish: nil, left: nil) }
        let greedy = #expect(throws: CallError.self) { try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil) }
        #expect(
            greedy?.message
                == "gateway is nearly full: 15 of 16 requests in flight, 12 of them yours; the last 4 places are for callers with fewer than 5")
        _ = try queue.enter([.text: 1], by: Caller(identity: "c"), model: "m", finish: nil, left: nil)
        let late = #expect(throws: CallError.self) { try queue.enter([.text: 1], by: Caller(identity: "d"), model: "m", finish: nil, left: nil) }
        #expect(late?.message == "gateway is full: 16 of 16 requests in flight")
    }

    @Test("a deadline that can't be met is refused at once, with both times; one that may be is let in")
    func deadline() throws {
        var queue = AdmissionQueue(limit: 9)
        #expect(
            throws: CallError(
                .deadlineExceeded, "the deadline can't be met: place 1 would be done in about 20 s, the deadline is in 5.0 s",
                retryAfter: .seconds(15))
        ) { try queue.enter([.text: 1], by: caller, model: "m", finish: 20, left: 5) }
        #expect(queue.refused == 1 && queue.count == 0)
        _ = try queue.enter([.text: 1], by: caller, model: "m", finish: 20, left: 20)
        _ = try queue.enter([.text: 1], by: caller, model: "m", finish: 20, left: nil)
        _ = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: 0.001)
        #expect(queue.count == 3)
    }

    @Test("before a request is what is served before it: its caller's own, and of others only what is their turn")
    func ahead() throws {
        var queue = AdmissionQueue(limit: 9)
        let edit = try queue.enter([.vision: 1, .text: 4, .diffusion: 1], by: caller, model: "m", finish: nil, left: nil)
        _ = try queue.enter([.text: 6, .diffusion: 2], by: caller, model: "m", finish: nil, left: nil)
        #expect(queue.ahead(of: caller, model: "m")[.text]?.requests == 2 && queue.ahead(of: caller, model: "m")[.text]?.units == 10)
        #expect(queue.ahead(of: other, model: "m")[.text]?.requests == 1 && queue.ahead(of: other, model: "m")[.text]?.units == 4)
        queue.reached(.diffusion, edit)
        #expect(
            queue.ahead(of: other, model: "m")[.text] == nil && queue.ahead(of: other, model: "m")[.vision] == nil
                && queue.ahead(of: other, model: "m")[.diffusion]?.units == 1)
        queue.leave(edit, isDone: true)
        #expect(queue.ahead(of: caller, model: "m")[.text]?.units == 6)
    }

    @Test("of a request in the gateway is known what it still asks for, and what goes before it")
    func remainder() throws {
        var queue = AdmissionQueue(limit: 9)
        let first = try queue.enter([.text: 4, .diffusion: 1], by: caller, model: "m", finish: nil, left: nil)
        let second = try queue.enter([.text: 6, .diffusion: 2], by: caller, model: "m", finish: nil, left: nil)
        queue.reached(.diffusion, second)
        #expect(queue.remainder(of: first)?.ahead.isEmpty == true && queue.remainder(of: second)?.units == [.diffusion: 2])
        #expect(queue.remainder(of: second)?.ahead[.text]?.units == 4)
        queue.leave(second, isDone: true)
        #expect(queue.remainder(of: second) == nil)
    }

    @Test("the place that a refusal tells is the one in the fair order")
    func place() throws {
        var queue = AdmissionQueue(limit: 9)
        for _ in 0..<5 { _ = try queue.enter([.text: 1], by: caller, model: "m", finish: nil, left: nil) }
        let refusal = #expect(throws: CallError.self) { try queue.enter([.text: 1], by: other, model: "m", finish: 4, left: 2) }
        #expect(refusal?.message.contains("place 2 ") == true)
    }

    @Test("hints stay within a tenth of a second and a minute")
    func hints() throws {
        var queue = AdmissionQueue(limit: 1)
        _ = try queue.enter([:], by: caller, model: "m", finish: nil, left: nil)
        for (finish, hint) in [(0.001, Duration.milliseconds(100)), (9000, .seconds(60))] {
            let refusal = #expect(throws: CallError.self) { try queue.enter([:], by: caller, model: "m", finish: finish, left: nil) }
            #expect(refusal?.retryAfter == hint)
        }
    }
}
