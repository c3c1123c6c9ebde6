import Gateway
import Logging
import Processes
import ServerKit
import Testing
import Wire

/// A request that needs no stage.
private struct NoWork: Pipeline {
    var next: PipelineStep<String, String> {
        get throws(CallError) { .done("made") }
    }

    mutating func received(_ event: StageEvent, for call: StageCall, from source: StageSource) throws(CallError) -> String? { nil }
    static func merge(_ news: String, into last: inout String) -> Bool { false }
}

@Suite(.timeLimit(.minutes(1))) struct PlaceTests {
    private func withRunner(_ body: (PipelineRunner) async throws -> Void) async throws {
        let folder = try PrivateFolder.make()
        defer { PrivateFolder.remove(folder) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await body(PipelineRunner(fleet: Fleet(folder: RunDirectory(path: folder), logger: logger), limit: 1))
    }

    private func request(_ runner: PipelineRunner, accepted: @Sendable () async throws -> Void) async throws -> String {
        try await runner.run(
            NoWork(), [:], ModelSet(name: "m", fingerprints: [:]),
            from: PipelineRunner.Origin(requestID: "r", arrival: .now, requester: Caller(identity: "a"), deadline: nil),
            accepted: accepted, place: { _ in }, tell: { _ in })
    }

    @Test("a request whose work is done has no place any more, whatever its caller has taken; the caller gets its response all the same")
    func notTaken() async throws {
        try await withRunner { runner in
            let told = Promise<Void>(), taken = Promise<Void>()
            let slow = Task {
                try await request(runner) {
                    told.fulfil(())
                    _ = await taken.value
                }
            }
            _ = await told.value
            while await runner.admissions.count > 0 { await Task.yield() }
            // There is one place.
            let other = try await request(runner, accepted: {})
            #expect(other == "made")
            taken.fulfil(())
            #expect(try await slow.value == "made")
        }
    }

    @Test("a caller that can't be told its news fails with the reason, and its place is free")
    func left() async throws {
        try await withRunner { runner in
            let gone = CallError(.cancelled, "the caller has left")
            await #expect(throws: gone) { try await request(runner) { throw gone } }
            #expect(await runner.admissions.count == 0)
        }
    }
}
