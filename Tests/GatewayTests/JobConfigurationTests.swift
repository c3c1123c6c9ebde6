import Gateway
import Jobs
import Testing

@Suite struct JobConfigurationTests {
    @Test("as many jobs may wait as the limit says, beside those under way, each with a request of a MiB", arguments: [256, 10_000])
    func room(queued: Int) throws {
        var bounds = JobBounds()
        bounds.queued = queued
        let limits = JobConfiguration().limits(bounds), request = 1 << 20
        var counts = JobCounts()
        counts.queued = queued - 1
        counts.running = bounds.running
        counts.bytes = (counts.queued + counts.running) * (request + limits.resultBytes)
        try limits.checkRoom(counts, adding: request)
    }
}
