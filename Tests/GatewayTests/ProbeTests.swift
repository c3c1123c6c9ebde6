import Domain
import Gateway
import Processes
import Testing
import Wire

/// Probes of a stage that computes for another gateway: here a call that goes to the stage itself.
@Suite(.timeLimit(.minutes(1))) struct ProbeTests {
    /// The stall limit is minutes.
    private static let timing = FleetTiming(probeInterval: .seconds(1), probe: .milliseconds(800))

    private func start(_ text: @escaping TextScript) async throws -> (fleet: ScriptedFleet, stage: StageConnection) {
        let fleet = try await ScriptedFleet.start([.text, .diffusion], queue: 1, timing: Self.timing, text: text)
        return (fleet, try StageConnection(to: .unix(path: fleet.folder + "/text-0.sock")))
    }

    private func call(_ stage: StageConnection) -> Task<GeneratedTokens, any Error> {
        Task {
            try await TextClient(stage).generate(
                TokenRequest(prompt: "p", parameters: ImageParameters(ImageOptions(height: 64, width: 64, seed: 1))), CallSettings(requestID: "other")
            )
        }
    }

    @Test("a probe that waits behind another's request for longer than its own limit has not failed while the stage computes")
    func waits() async throws {
        let probeWaits = Promise<Void>()
        let (fleet, stage) = try await start { _, scene in
            while probeWaits.current == nil { try await scene.compute(for: .milliseconds(20)) }
            try await scene.compute(for: .milliseconds(1500))
        }
        let (loads, load) = AsyncStream.makeStream(of: StageLoad.self)
        let watching = Task {
            try await StageClient(stage).watchLoad {
                if $0.queued == 1 { probeWaits.fulfil(()) }
                load.yield($0)
            }
        }
        let call = call(stage)
        await fleet.log.wait(for: "text-0 computes")
        // One that is given up leaves the queue, and another comes.
        var told: [StageLoad] = []
        for await load in loads {
            if load != told.last { told.append(load) }
            if told.contains(StageLoad(running: 1, queued: 1)), load == StageLoad() { break }
        }
        #expect(told.count { $0.queued == 1 } == 1)
        _ = try await call.value
        watching.cancel()
        await stage.close()
        try await fleet.stop()
    }

    @Test("a stage that hangs fails the probe that waits there within the probe's limit, long before the stall limit")
    func hangs() async throws {
        let (fleet, stage) = try await start { _, scene in try await scene.hangUntilCancelled() }
        let call = call(stage)
        try await fleet.status { $0.stages.contains { $0.problem.hasPrefix("failed the smallest request: no progress for ") } }
        call.cancel()
        try await fleet.status { $0.stages.allSatisfy { $0.health == .serving } }
        await stage.close()
        try await fleet.stop()
    }
}
