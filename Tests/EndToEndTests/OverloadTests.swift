import Domain
import Foundation
import Processes
import Synchronization
import TestSupport
import Testing
import Wire

/// More requests than the fleet can do. `GLM_LONG=1` runs a minute of them.
@Suite(.timeLimit(.minutes(5)), .serialized) struct OverloadTests {
    private static let length = Duration.seconds(LongTests.areEnabled ? 60 : 4)

    private struct Counts {
        var answered = 0, refused = 0, late = 0
        var others: [String] = []
        /// Resident bytes of the gateway, now and then.
        var memory: [Int] = []
    }

    private final class Tally: Sendable {
        private let counts = Mutex(Counts())
        var result: Counts { counts.withLock { $0 } }
        func add(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }
    }

    private static let line = 16

    @Test("with four times as many callers as the gateway lets in, every request is answered or refused within its deadline, and memory stays flat")
    func overload() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent", "--queue", "\(Self.line)"])
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 4, seed: 1))
        // Three pictures teach the gateway how long one takes; three more say how long that is.
        for _ in 0..<3 { _ = try await fleet.gateway.generate(request) }
        let start = ContinuousClock.now
        for _ in 0..<3 { _ = try await fleet.gateway.generate(request) }
        let deadline = start.duration(to: .now) / 3 * 12 + .milliseconds(200)
        let counts = Tally()
        let end = ContinuousClock.now + Self.length
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<4 * Self.line {
                group.addTask {
                    var request = request
                    request.parameters.seed = UInt64(caller)
                    while ContinuousClock.now < end { await Self.ask(fleet, request, deadline, counts) }
                }
            }
            group.addTask {
                while ContinuousClock.now < end {
                    if let gateway = try? await fleet.gateway.status().gateway { counts.add { $0.memory.append(gateway.memoryBytes) } }
                    try? await Task.sleep(for: Self.length / 16)
                }
            }
        }
        let result = counts.result
        #expect(result.others.isEmpty, "\(result.others.prefix(3))")
        #expect(result.late == 0)
        #expect(result.answered > 0 && result.refused > 0, "\(result.answered) answered, \(result.refused) refused")
        // After the first half nothing grows any more.
        if result.memory.count >= 4 {
            let middle = result.memory[result.memory.count / 2], last = result.memory[result.memory.count - 1]
            #expect(last - middle < 32 << 20, "\(middle) bytes at half time, \(last) at the end")
        }
        // It serves the next at once.
        _ = try await fleet.gateway.generate(request)
        await fleet.stop()
    }

    /// One request of a caller that heeds the hint when it is refused, up to a point.
    private static func ask(_ fleet: RunningFleet, _ request: GenerateImageRequest, _ deadline: Duration, _ counts: Tally) async {
        let begin = ContinuousClock.now
        var pause = Duration.zero
        do {
            _ = try await fleet.gateway.generate(request, CallSettings(timeout: deadline))
            counts.add { $0.answered += 1 }
        } catch let error as CallError where error.status == .resourceExhausted || error.status == .deadlineExceeded {
            counts.add { $0.refused += 1 }
            pause = min(error.retryAfter ?? .milliseconds(50), .milliseconds(200))
        } catch {
            counts.add { $0.others.append("\(error)") }
        }
        // The answer may be under way when the deadline passes.
        if begin.duration(to: .now) > deadline + .milliseconds(500) { counts.add { $0.late += 1 } }
        try? await Task.sleep(for: pause)
    }
}
