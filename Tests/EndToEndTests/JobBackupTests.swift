import Domain
import Foundation
import Processes
import Testing
import Wire

/// `glm jobs backup` on a gateway that runs.
@Suite(.timeLimit(.minutes(1))) struct JobBackupTests {
    @Test("another gateway begins with the copy and gives the image back; a file that is there stays as it is")
    func restored() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", [])
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 3))
        let jobs = JobsClient(fleet.connection)
        _ = try await jobs.submit(SubmitJobRequest(id: "a", request: request))
        try await jobs.watch("a") { _ in }
        let image = try await jobs.fetch("a").image

        let scratch = try Scratch()
        let state = scratch.file("state"), copy = "\(state)/jobs.sqlite"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let command = ["jobs", "backup", copy, "--gateway", fleet.address]
        let made = try await Program.run("glm", command, in: scratch)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: copy))
        #expect(made.exit == .code(0) && made.output == ["\(copy): 1 job, \(bytes.count) bytes"], "\(made)")
        #expect(try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int == 0o600)
        let again = try await Program.run("glm", command, in: scratch)
        #expect(again.exit == .code(1) && again.error == "\(copy) can't be made: File exists", "\(again)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == bytes)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fleet.folder).allSatisfy { !$0.contains("copy") })
        await fleet.stop()

        let next = try await RunningFleet.start("text,diffusion", in: scratch, [], environment: ["STATE_DIRECTORY": state])
        #expect(try await JobsClient(next.connection).fetch("a").image == image)
        await next.stop()
    }
}
