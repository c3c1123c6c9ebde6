import Foundation
import ServerKit
import Testing

@Suite(.serialized) struct PauseTests {
    /// Resident bytes of this process.
    private func memory() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return try #require(Int(text.split(separator: " ")[1])) * sysconf(Int32(_SC_PAGESIZE))
    }

    private func cancelledPauses(_ count: Int) async {
        for _ in 0..<count / 100 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { try? await Pause.for(.seconds(600)) } }
                await Task.yield()
                group.cancelAll()
            }
        }
    }

    @Test("a pause lasts as long as it should, and one that is over before it begins ends at once")
    func duration() async throws {
        let start = ContinuousClock.now
        try await Pause.for(.milliseconds(20))
        #expect(start.duration(to: .now) >= .milliseconds(20))
        try await Pause.until(start)
        try await Pause.for(.seconds(-5))
    }

    @Test("a pause ends with its task, also one that was cancelled before, and longer ones than clocks can count are taken")
    func cancellation() async throws {
        let task = Task { try await Pause.for(.seconds(Int64.max / 2)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let (began, begin) = AsyncStream<Void>.makeStream()
        let late = Task {
            begin.finish()
            try await Pause.for(.seconds(600))
        }
        for await _ in began {}
        late.cancel()
        await #expect(throws: CancellationError.self) { try await late.value }
    }

    @Test("pauses that were cancelled hold no memory until their time: 20,000 of them leave no more than 1,000 do")
    func memoryIsGivenBack() async throws {
        await cancelledPauses(1000)
        var growths: [Int] = []
        // Other tests take memory at the same time; twenty thousand cancelled sleeps would hold 14 MB in every round.
        while growths.count < 5, growths.last ?? .max > 6 << 20 {
            let before = try memory()
            await cancelledPauses(20_000)
            growths.append(try memory() - before)
        }
        #expect((growths.last ?? 0) <= 6 << 20, "\(growths) bytes")
    }
}
