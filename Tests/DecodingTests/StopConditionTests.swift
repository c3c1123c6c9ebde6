import Decoding
import Testing

@Suite struct StopConditionTests {
    @Test("a count is met by that many tokens, whatever they are")
    func count() {
        let stop = StopCondition.count(2)
        #expect(stop.limit == 2)
        #expect([[], [1], [1, 1]].map(stop.isMet) == [false, false, true])
    }

    @Test("stop tokens are met by the first of them, and by the limit without any")
    func tokens() {
        let stop = StopCondition.tokens([7, 8], limit: 3)
        #expect(stop.limit == 3)
        #expect([[], [1], [8], [1, 7], [1, 2], [1, 2, 3]].map(stop.isMet) == [false, false, true, true, false, true])
    }
}
