import Gateway
import Domain
import Testing
import Wire

@Suite struct LineTests {
    @Test("places are given in the order of arrival, and never twice")
    func places() throws {
        var line = Line(limit: 2)
        let first = try line.enter([.text: 1], finish: nil, left: nil), second = try line.enter([.text: 1], finish: nil, left: nil)
        line.leave(first)
        let third = try line.enter([.text: 1], finish: nil, left: nil)
        #expect(first < second && second < third && line.count == 2)
    }

    @Test("a full gateway refuses with the numbers and a hint, and has room again when one leaves")
    func full() throws {
        var line = Line(limit: 2)
        let place = try line.enter([.text: 1], finish: nil, left: nil)
        _ = try line.enter([.text: 1], finish: nil, left: nil)
        #expect(
            throws: CallError(.resourceExhausted, "full: 2 requests are in the gateway, at most 2 may be", retryAfter: .milliseconds(500))
        ) { try line.enter([.text: 1], finish: nil, left: nil) }
        #expect(
            throws: CallError(
                .resourceExhausted, "full: 2 requests are in the gateway, at most 2 may be; place 3 in line would be done in about 42 s",
                retryAfter: .seconds(21))
        ) { try line.enter([.text: 1], finish: 42, left: nil) }
        #expect(line.refused == 2 && line.count == 2)
        line.leave(place)
        _ = try line.enter([.text: 1], finish: nil, left: nil)
    }

    @Test("a deadline that clearly can't be met is refused at once, with both times; one that may be is let in")
    func deadline() throws {
        var line = Line(limit: 9)
        #expect(
            throws: CallError(
                .deadlineExceeded, "refused at once: place 1 in line is done in about 20 s, the deadline is in 5.0 s", retryAfter: .seconds(15))
        ) { try line.enter([.text: 1], finish: 20, left: 5) }
        #expect(line.refused == 1 && line.count == 0)
        _ = try line.enter([.text: 1], finish: 20, left: 15)
        _ = try line.enter([.text: 1], finish: 20, left: nil)
        _ = try line.enter([.text: 1], finish: nil, left: 0.001)
        #expect(line.count == 3)
    }

    @Test("the line knows how many need a kind of stage")
    func needing() throws {
        var line = Line(limit: 9)
        let edit = try line.enter([.vision: 1, .text: 4, .diffusion: 1], finish: nil, left: nil)
        _ = try line.enter([.text: 4, .diffusion: 1], finish: nil, left: nil)
        #expect(line.needing(.vision) == 1 && line.needing(.text) == 2)
        line.leave(edit)
        #expect(line.needing(.vision) == 0 && line.needing(.text) == 1)
    }

    @Test("hints stay within a tenth of a second and a minute")
    func hints() throws {
        var line = Line(limit: 1)
        _ = try line.enter([:], finish: nil, left: nil)
        for (finish, hint) in [(0.001, Duration.milliseconds(100)), (9000, .seconds(60))] {
            let refusal = #expect(throws: CallError.self) { try line.enter([:], finish: finish, left: nil) }
            #expect(refusal?.retryAfter == hint)
        }
    }
}
