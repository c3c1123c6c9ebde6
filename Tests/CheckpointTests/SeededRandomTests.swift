import TestSupport
import Testing

/// What random tests rely on to be repeated.
@Suite struct SeededRandomTests {
    @Test("a seed gives the same numbers again, another seed gives others")
    func repeats() {
        func numbers(_ seed: UInt64) -> [UInt64] {
            var random = SeededRandom("a test of the seed", seed: seed)
            return (0..<16).map { _ in random.next() }
        }
        #expect(numbers(7) == numbers(7))
        #expect(Set(numbers(7)).isDisjoint(with: numbers(8)))
    }
}
