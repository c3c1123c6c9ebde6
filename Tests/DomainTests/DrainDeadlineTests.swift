import Domain
import Testing

@Suite struct DrainDeadlineTests {
    @Test(
        "requests in flight get twice what the longest is predicted to take, in tens of seconds, within bounds",
        arguments: [
            (0, 30), (14, 30), (15.1, 40), (140, 280), (393, 790), (1799, 3600), (5000, 3600), (Double.infinity, 3600), (Double.nan, 3600),
        ] as [(Double, Int64)])
    func seconds(predicted: Double, deadline: Int64) {
        #expect(DrainDeadline.forWork(of: predicted) == .seconds(deadline))
    }
}
