import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    @Test("the README's example is the one that is compiled here, and it draws an image through a gateway")
    func example() async throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let example = try String(contentsOf: tests.appendingPathComponent("ClientExample.swift"), encoding: .utf8)
        let readme = try String(contentsOf: tests.appendingPathComponent("../../README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(example)```"))

        let fleet = try await RunningFleet.start("text,diffusion")
        try await drawCircle(gateway: fleet.address, into: URL(fileURLWithPath: fleet.scratch.file("circle.png")))
        #expect(try fleet.scratch.bytes("circle.png").starts(with: [0x89, 0x50, 0x4e, 0x47]))
        await fleet.stop()
    }
}
