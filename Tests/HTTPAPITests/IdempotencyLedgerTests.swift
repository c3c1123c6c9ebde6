import HTTPAPI
import Testing

@Suite struct IdempotencyLedgerTests {
    private var ledger = IdempotencyLedger(byteLimit: 10, countLimit: 3)
    private let start = ContinuousClock.now
    private func key(_ text: String, caller: String = "a") -> IdempotencyLedger.Key { IdempotencyLedger.Key(caller: caller, text: text) }
    private func answer(_ count: Int) -> PlainAnswer { PlainAnswer(body: Array(repeating: 7, count: count)) }

    @Test("the same request gets the same answer for an hour, and hears for how long it is computed meanwhile")
    mutating func same() {
        #expect(ledger.begin(key("k"), content: [1], now: start) == .new)
        #expect(ledger.begin(key("k"), content: [1], now: start + .seconds(5)) == .running(since: .seconds(5)))
        ledger.finish(key("k"), answer(3), now: start + .seconds(9))
        #expect(ledger.begin(key("k"), content: [1], now: start + .seconds(3608)) == .answered(answer(3)))
        #expect(ledger.answer(key("k"), content: [1], now: start + .seconds(3608)) == answer(3))
        #expect(ledger.answer(key("k"), content: [2], now: start) == nil && ledger.answer(key("k"), content: [1], now: start + .seconds(3609)) == nil)
        #expect(ledger.begin(key("k"), content: [1], now: start + .seconds(3609)) == .new)
    }

    @Test("a key names one request of one caller")
    mutating func mismatch() {
        _ = ledger.begin(key("k"), content: [1], now: start)
        #expect(ledger.begin(key("k"), content: [2], now: start) == .mismatch)
        #expect(ledger.begin(key("k", caller: "b"), content: [2], now: start) == .new)
        ledger.finish(key("k"), answer(1), now: start)
        #expect(ledger.begin(key("k"), content: [2], now: start) == .mismatch)
    }

    @Test("what failed is forgotten")
    mutating func failure() {
        _ = ledger.begin(key("k"), content: [1], now: start)
        ledger.forget(key("k"))
        #expect(ledger.begin(key("k"), content: [2], now: start) == .new && ledger.count == 1)
    }

    @Test("answers are bounded by bytes and number: the oldest goes first, one that is too large is not kept, and running requests stay")
    mutating func bounds() {
        for (text, count) in [("1", 6), ("2", 5), ("3", 11)] {
            _ = ledger.begin(key(text), content: [], now: start)
            ledger.finish(key(text), answer(count), now: start)
        }
        #expect(ledger.count == 1 && ledger.bytes == 5)
        for text in ["4", "5"] { _ = ledger.begin(key(text), content: [], now: start) }
        #expect(ledger.begin(key("6"), content: [], now: start) == .new && ledger.bytes == 0)
        #expect(ledger.begin(key("7"), content: [], now: start) == .full)
        #expect(ledger.begin(key("4"), content: [], now: start) == .running(since: .zero))
    }
}
