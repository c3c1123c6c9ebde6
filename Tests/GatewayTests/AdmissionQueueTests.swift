import Gateway
import Domain
import Testing
import Wire

@Suite struct AdmissionQueueTests {
    @Test("places are given in the order of arrival, and never twice")
    func places() throws {
        var queue = AdmissionQueue(limit: 2)
        let first = try queue.enter([.text: 1], finish: nil, left: nil), second = try queue.enter([.text: 1], finish: nil, left: nil)
        queue.leave(first)
        let third = try queue.enter([.text: 1], finish: nil, left: nil)
        #expect(first < second && second < third && queue.count == 2)
    }

    @Test("a full gateway refuses with the numbers and a hint, and has room again when one leaves")
    func full() throws {
        var queue = AdmissionQueue(limit: 2)
        let place = try queue.enter([.text: 1], finish: nil, left: nil)
        _ = try queue.enter([.text: 1], finish: nil, left: nil)
        #expect(
            throws: CallError(.resourceExhausted, "gateway is full: 2 of 2 requests in flight", retryAfter: .milliseconds(500))
        ) { try queue.enter([.text: 1], finish: nil, left: nil) }
        #expect(
            throws: CallError(
                .resourceExhausted, "gateway is full: 2 of 2 requests in flight; place 3 would be done in about 42 s",
                retryAfter: .seconds(21))
        ) { try queue.enter([.text: 1], finish: 42, left: nil) }
        #expect(queue.refused == 2 && queue.count == 2)
        queue.leave(place)
        _ = try queue.enter([.text: 1], finish: nil, left: nil)
    }

    @Test("a deadline that clearly can't be met is refused at once, with both times; one that may be is let in")
    func deadline() throws {
        var queue = AdmissionQueue(limit: 9)
        #expect(
            throws: CallError(
                .deadlineExceeded, "the deadline can't be met: place 1 would be done in about 20 s, the deadline is in 5.0 s",
                retryAfter: .seconds(15))
        ) { try queue.enter([.text: 1], finish: 20, left: 5) }
        #expect(queue.refused == 1 && queue.count == 0)
        _ = try queue.enter([.text: 1], finish: 20, left: 15)
        _ = try queue.enter([.text: 1], finish: 20, left: nil)
        _ = try queue.enter([.text: 1], finish: nil, left: 0.001)
        #expect(queue.count == 3)
    }

    @Test("the queue knows how many need a kind of stage")
    func needing() throws {
        var queue = AdmissionQueue(limit: 9)
        let edit = try queue.enter([.vision: 1, .text: 4, .diffusion: 1], finish: nil, left: nil)
        _ = try queue.enter([.text: 4, .diffusion: 1], finish: nil, left: nil)
        #expect(queue.needing(.vision) == 1 && queue.needing(.text) == 2)
        queue.leave(edit)
        #expect(queue.needing(.vision) == 0 && queue.needing(.text) == 1)
    }

    @Test("hints stay within a tenth of a second and a minute")
    func hints() throws {
        var queue = AdmissionQueue(limit: 1)
        _ = try queue.enter([:], finish: nil, left: nil)
        for (finish, hint) in [(0.001, Duration.milliseconds(100)), (9000, .seconds(60))] {
            let refusal = #expect(throws: CallError.self) { try queue.enter([:], finish: finish, left: nil) }
            #expect(refusal?.retryAfter == hint)
        }
    }
}
