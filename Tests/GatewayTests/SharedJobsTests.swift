import Domain
import Foundation
import Gateway
import Jobs
import Logging
import Processes
import ServerKit
import Synchronization
import Testing
import Wire

/// What a gateway does about others that have the same jobs.
@Suite(.timeLimit(.minutes(1))) struct SharedJobsTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func submission(_ id: String) throws -> Jobs.Job.Submission {
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1))
        return Jobs.Job.Submission(id, request: try request.packed())
    }

    /// A second gateway's jobs, on the stages of the first.
    private func withRunner(
        _ stages: [ScriptedStage], _ body: (SharedStore, ScriptedFleet) async throws -> Void
    ) async throws {
        let scripted = try await ScriptedFleet.start(
            stages,
            diffusion: { _, scene in
                scene.log.add("drawing")
                do { try await scene.hangUntilCancelled() } catch {
                    scene.log.add("left")
                    throw error
                }
            })
        let folder = try PrivateFolder.make()
        defer { PrivateFolder.remove(folder) }
        let store = SharedStore(try SQLiteJobStore(path: "\(folder)/jobs.sqlite"))
        let fleet = Fleet(folder: RunDirectory(path: scripted.folder), logger: Self.logger)
        let watching = Task { try await fleet.run() }
        await fleet.served(Set(stages.map(\.kind)))
        let runner = JobRunner(
            store: store, imageService: ImageService(runner: PipelineRunner(fleet: fleet, limit: 8), logger: Self.logger),
            audit: try AuditTrail(nil, logger: Self.logger), bounds: JobBounds(), logger: Self.logger)
        let running = Task { try await runner.run() }
        try await body(store, scripted)
        running.cancel()
        try await running.value
        watching.cancel()
        _ = await watching.result
        try await scripted.stop()
    }

    @Test("what is cancelled elsewhere ends here") func cancelled() async throws {
        try await withRunner([.text, .diffusion]) { store, fleet in
            _ = try await store.submit(try submission("a"))
            store.tell(JobChange(id: "a", state: .queued))
            await fleet.log.wait(for: "drawing")
            _ = try await store.cancel("a")
            store.tell(JobChange(id: "a", state: .cancelled))
            await fleet.log.wait(for: "left")
            #expect(try await store.get("a").state == .cancelled)
        }
    }

    @Test("work whose lease is lost ends, and the job is the other gateway's") func lost() async throws {
        try await withRunner([.text, .diffusion]) { store, fleet in
            _ = try await store.submit(try submission("a"))
            store.tell(JobChange())
            await fleet.log.wait(for: "drawing")
            store.lose()
            await fleet.log.wait(for: "left")
            await store.renewed(after: 2)
            #expect(try await store.get("a").state == .running)
            #expect(fleet.log.events.count { $0 == "drawing" } == 1)
        }
    }

    @Test("no more is claimed than the stages work on") func room() async throws {
        try await withRunner([.text, .diffusion]) { store, fleet in
            for id in ["a", "b", "c", "d"] { _ = try await store.submit(try submission(id)) }
            store.tell(JobChange())
            await fleet.log.wait(for: "drawing")
            // A slot of each kind.
            while try await store.counts().running < 2 { await Task.yield() }
            await store.renewed(after: 2)
            #expect(try await store.counts().running == 2)
        }
    }

    @Test("a gateway without a stage to draw with takes nothing") func noStage() async throws {
        try await withRunner([.text]) { store, _ in
            _ = try await store.submit(try submission("a"))
            store.tell(JobChange())
            await store.renewed(after: 2)
            #expect(try await store.get("a").state == .queued)
        }
    }
}

/// A store as gateways share it: what others do is told by hand.
private final class SharedStore: JobStore {
    private struct State {
        var loses = false
        var lost: Set<String> = []
        var renewals = 0
        var waiting: [(renewals: Int, seen: Promise<Void>)] = []
    }

    let lease: Duration? = .milliseconds(30)
    let changes: AsyncStream<JobChange>
    private let teller: AsyncStream<JobChange>.Continuation
    private let below: SQLiteJobStore
    private let state = Mutex(State())

    init(_ below: SQLiteJobStore) {
        self.below = below
        (changes, teller) = AsyncStream.makeStream()
    }

    func tell(_ change: JobChange) { teller.yield(change) }

    /// At the next renewal the jobs that run here are another gateway's.
    func lose() { state.withLock { $0.loses = true } }

    /// Returns after as many further renewals.
    func renewed(after count: Int) async {
        let seen = Promise<Void>()
        state.withLock { $0.waiting.append(($0.renewals + count, seen)) }
        _ = await seen.value
    }

    func renew(_ claims: [Jobs.Job.Claim]) async throws(JobsError) -> [Jobs.Job.Claim] {
        let lost = state.withLock { state in
            state.renewals += 1
            for waiting in state.waiting where state.renewals >= waiting.renewals { waiting.seen.fulfil(()) }
            if state.loses { state.lost.formUnion(claims.map(\.id)) }
            return state.lost
        }
        return claims.filter { !lost.contains($0.id) }
    }

    func giveBack(_ claim: Jobs.Job.Claim) async throws(JobsError) -> Jobs.Job {
        guard !state.withLock({ $0.lost.contains(claim.id) }) else { throw JobsError(.wrongState, "another's") }
        return try await below.giveBack(claim)
    }

    var limits: JobLimits { below.limits }
    func submit(_ submission: Jobs.Job.Submission) async throws(JobsError) -> Jobs.Job { try await below.submit(submission) }
    func claimNext() async throws(JobsError) -> Jobs.Job.Claim? { try await below.claimNext() }
    func finish(_ claim: Jobs.Job.Claim, _ result: Jobs.Job.Result) async throws(JobsError) -> Jobs.Job { try await below.finish(claim, result) }
    func fail(_ claim: Jobs.Job.Claim, _ failure: Jobs.Job.Failure) async throws(JobsError) -> Jobs.Job { try await below.fail(claim, failure) }
    func cancel(_ id: String) async throws(JobsError) -> Jobs.Job { try await below.cancel(id) }
    func recover(exhaustedCode: Int) async throws(JobsError) -> JobRecovery { try await below.recover(exhaustedCode: exhaustedCode) }
    func get(_ id: String) async throws(JobsError) -> Jobs.Job { try await below.get(id) }
    func list(before number: Int64?, limit: Int) async throws(JobsError) -> [Jobs.Job] { try await below.list(before: number, limit: limit) }
    func result(_ id: String) async throws(JobsError) -> Jobs.Job.Result { try await below.result(id) }
    func counts() async throws(JobsError) -> Jobs.JobCounts { try await below.counts() }
    func checkWritable() async throws(JobsError) { try await below.checkWritable() }
    func copy() async throws(JobsError) -> JobCopy { try await below.copy() }
    func expired(after age: Duration, limit: Int) async throws(JobsError) -> [Jobs.Job] { try await below.expired(after: age, limit: limit) }
    func forget(_ jobs: [Jobs.Job]) async throws(JobsError) -> Int { try await below.forget(jobs) }
}
