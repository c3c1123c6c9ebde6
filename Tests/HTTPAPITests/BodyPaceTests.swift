import HTTPAPI
import Testing

@Suite struct BodyPaceTests {
    @Test(
        "a body has ten seconds, then must have had 10 kB a second, and ends within two minutes",
        arguments: [
            (0, 10.0, true), (99_999, 10.1, false), (101_000, 10.1, true), (1_199_999, 120, false), (1_200_000, 120, true), (Int.max, 120.1, false),
        ])
    func pace(count: Int, seconds: Double, holds: Bool) {
        #expect(BodyPace.holds(count, after: .seconds(seconds)) == holds)
    }
}
