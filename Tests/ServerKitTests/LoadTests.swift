import Foundation
import ServerKit
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct LoadTests {
    private static let start = ContinuousClock.now

    @Test("the first changes are told at once, then no more than the limit in any span")
    func pace() {
        var pace = TellingPace(3, in: .seconds(1))
        let pauses = [0, 100, 200, 1000, 1100, 5000].map { pace.told(now: Self.start + .milliseconds($0)) }
        #expect(pauses == [0, 0, 800, 100, 100, 0].map { .milliseconds($0) })
    }

    @Test("a gate tells its load now and after changes; of those that come while it may not tell, the last")
    func coalesced() async throws {
        let gate = WorkGate(queueCapacity: 8), call = ServerCall(requestID: "r", method: "glm.v1.Text/Generate")
        _ = gate.open()
        let (loads, load) = AsyncStream.makeStream(of: StageLoad.self), (pauses, endPause) = AsyncStream.makeStream(of: Void.self)
        let telling = Task {
            try await gate.tellLoad(pace: TellingPace(1, in: .seconds(3600)), pause: { _ in for await _ in pauses { return } }, { load.yield($0) })
        }
        var told = loads.makeAsyncIterator()
        #expect(await told.next() == StageLoad())

        let (release, releasing) = AsyncStream.makeStream(of: Void.self)
        let calls = (0..<3).map { _ in Task { try await gate.work(call) { _ in for await _ in release {} } } }
        for await load in gate.loads() where load == StageLoad(running: 1, queued: 2) { break }
        endPause.yield()
        #expect(await told.next() == StageLoad(running: 1, queued: 2))

        releasing.finish()
        for call in calls { try await call.value }
        endPause.yield()
        #expect(await told.next() == StageLoad())
        telling.cancel()
        _ = await telling.result
    }

    @Test("a server tells its load to who watches it, from before it serves to its end, whoever computes there")
    func watched() async throws {
        let fixture = try await Fixture.start([.hold], loads: false)
        let (loads, load) = AsyncStream.makeStream(of: StageLoad.self)
        let watching = Task { try await StageClient(fixture.connection).watchLoad(CallSettings(waitForReady: true)) { load.yield($0) } }
        var told = loads.makeAsyncIterator()
        #expect(await told.next() == StageLoad())
        fixture.loaded.finish()
        try await fixture.waitUntil(.serving)
        let calls = (0..<2).map { _ in Task { try await fixture.text.generate(Fixture.request) } }
        while let load = await told.next(), load != StageLoad(running: 1, queued: 1) {}
        fixture.release.finish()
        for call in calls { _ = try await call.value }
        while let load = await told.next(), load != StageLoad() {}
        // It ends though somebody watches.
        try await fixture.stop()
        _ = await watching.result
    }
}
