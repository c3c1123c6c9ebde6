import Domain
import Foundation
import Processes
import Synchronization
import Testing
import Wire

/// Callers beside each other: one that asks for much, and many that leave.
@Suite(.timeLimit(.minutes(3)), .serialized) struct CallersTests {
    private struct Left: Error {}

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func set(_ value: Int) { count.withLock { $0 = value } }
    }

    private static func request(steps: Int, seed: Int) -> GenerateImageRequest {
        GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 128, width: 128, steps: steps, seed: UInt64(seed)))
    }

    @Test("a program that asks for one image gets it while another's 70 requests wait")
    func fairness() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent", "--queue", "100"])
        let answered = Counter(), begun = Promise<Void>()
        let greedy = Task {
            _ = try await fleet.answers((0..<70).map { Self.request(steps: 50, seed: $0) }, atOnce: 70) { count in
                answered.set(count)
                begun.fulfil(())
            }
        }
        _ = await begun.value
        let before = answered.value
        let picture = fleet.scratch.file("polite.png")
        let polite = try await Program.run(
            "glm", ["generate", "a red circle", "--gateway", fleet.address, "--size", "64x64", "--steps", "2", "-o", picture], in: fleet.scratch)
        let between = answered.value - before
        #expect(polite.exit == .code(0), "\(polite.errors)")
        #expect(between < 30, "\(between) of the other's requests went first")
        greedy.cancel()
        _ = await greedy.result
        await fleet.stop()
    }

    @Test("300 callers that leave in the middle cost no stage its connection, and no other caller a retry")
    func leavers() async throws {
        let fleet = try await RunningFleet.start("text,diffusion")
        let processes = fleet.processes("glm-text")
        let expected = try await fleet.picture().image
        try await withThrowingTaskGroup(of: Void.self) { group in
            for leaver in 0..<6 {
                group.addTask {
                    for seed in 0..<50 {
                        await #expect(throws: Left.self) {
                            try await fleet.gateway.generate(Self.request(steps: 50, seed: 100 * leaver + seed)) { event in
                                if case .progress = event { throw Left() }
                            }
                        }
                    }
                }
            }
            group.addTask {
                for _ in 0..<10 {
                    let image = try await fleet.picture().image
                    #expect(image == expected)
                }
            }
            try await group.waitForAll()
        }
        let status = try await fleet.gateway.status()
        #expect(status.retries == 0)
        #expect(status.stages.allSatisfy { $0.health == .serving })
        #expect(fleet.processes("glm-text") == processes)
        await fleet.stop()
    }
}
