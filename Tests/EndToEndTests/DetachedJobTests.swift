import Domain
import Foundation
import Processes
import Testing
import Wire

/// Requests that outlive who made them, and the gateway that took them.
@Suite(.timeLimit(.minutes(5)), .serialized) struct DetachedJobTests {
    @Test("a gateway killed with 20 jobs in flight: the next one finishes all of them, each once, with the same bytes")
    func gatewayKilled() async throws {
        let scratch = try Scratch()
        let first = try await RunningFleet.start("text,diffusion", in: scratch, [])
        let requests = (0..<20).map {
            GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 64, width: 64, steps: 20, seed: UInt64($0)))
        }
        let undisturbed = try await first.answers(requests, atOnce: 4)
        let client = JobsClient(first.connection)
        for (index, request) in requests.enumerated() {
            #expect(try await client.submit(SubmitJobRequest(id: "job-\(index)", request: request)).state == .queued)
        }
        // Some are done, some are under way, most wait.
        while try await client.list().jobs.count(where: { $0.state == .done }) < 3 { try await Task.sleep(for: .milliseconds(5)) }
        first.program.child.send(SIGKILL)
        _ = await first.program.child.exit.value

        let second = try await RunningFleet.start("text,diffusion", in: scratch, [])
        let next = JobsClient(second.connection)
        for index in requests.indices {
            let last = Slot<Job>()
            try await next.watch("job-\(index)") { last.value = $0 }
            #expect(last.value?.state == .done, "\(last.value as Any)")
            #expect(try await next.fetch("job-\(index)").image == undisturbed[index].image)
        }
        let jobs = try await next.list().jobs
        #expect(jobs.count == 20 && jobs.allSatisfy { (1...2).contains($0.attempts) })
        #expect(jobs.contains { $0.attempts == 2 })
        #expect(try await second.gateway.status().jobs == JobCounts(queued: 0, running: 0, ended: 20))
        await second.stop()
    }

    @Test("generate --detach prints a job; jobs shows, waits for, fetches and cancels it; the same id is the same job")
    func commands() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", [])
        let scratch = fleet.scratch
        let gateway = ["--gateway", fleet.address]
        let made = try await Program.run(
            "glm", ["generate", "x", "--detach", "--size", "64x64", "--steps", "2", "--seed", "3"] + gateway, in: scratch)
        #expect(made.exit == .code(0), "\(made.errors)")
        let id = try #require(made.output.first)
        #expect(try await Program.run("glm", ["jobs", "wait", id] + gateway, in: scratch).output == ["\(id) done"])
        let fetched = try await Program.run("glm", ["jobs", "fetch", id, "-o", scratch.file("a.png")] + gateway, in: scratch)
        #expect(fetched.exit == .code(0), "\(fetched.errors)")
        let direct = try await fleet.gateway.generate(
            GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 3)))
        #expect(try scratch.bytes("a.png") == Data(direct.image))
        #expect(try await Program.run("glm", ["jobs"] + gateway, in: scratch).output.contains { $0.hasPrefix(id) && $0.contains("done") })

        #expect(fetched.output.first?.contains("model tiny-f32 ") == true, "\(fetched.output)")
        let missing = try await Program.run("glm", ["jobs", "fetch", "nothing", "-o", scratch.file("b.png")] + gateway, in: scratch)
        #expect(missing.exit == .code(1) && missing.error.hasPrefix("there is no job nothing"))

        // The terminal of whoever lists the jobs.
        let evil = "evil \u{1B}[2J\u{7}\r\n over"
        for prompt in [evil, String(repeating: "👨‍👩‍👧‍👦", count: 50)] {
            let kept = try await Program.run("glm", ["generate", prompt, "--detach", "--size", "64x64", "--steps", "1"] + gateway, in: scratch)
            #expect(kept.exit == .code(0), "\(kept.errors)")
        }
        let listed = try await Program.run("glm", ["jobs"] + gateway, in: scratch).output
        #expect(listed.contains { $0.hasSuffix(#"evil \u{1B}[2J\u{7}\r\n over"#) }, "\(listed)")

        let client = JobsClient(fleet.connection)
        #expect(try await client.list().jobs.contains { $0.prompt == evil })
        let long = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 1024, width: 1024, steps: 200, seed: 1))
        _ = try await client.submit(SubmitJobRequest(id: "long", request: long))
        #expect(try await client.submit(SubmitJobRequest(id: "long", request: long)).id == "long")
        let conflict = await #expect(throws: CallError.self) {
            try await client.submit(SubmitJobRequest(id: "long", request: GenerateImageRequest(prompt: "y")))
        }
        #expect(conflict?.status == .alreadyExists)
        #expect(try await client.cancel("long").state == .cancelled)
        try await fleet.waitForStages { $0.allSatisfy { $0.inFlight == 0 } }
        let early = await #expect(throws: CallError.self) { try await client.fetch("long") }
        #expect(early?.status == .failedPrecondition)
        let unknown = await #expect(throws: CallError.self) { try await client.get("nothing") }
        #expect(unknown?.status == .notFound)
        let bad = await #expect(throws: CallError.self) {
            try await client.submit(SubmitJobRequest(request: GenerateImageRequest(prompt: "x", parameters: ImageOptions(steps: 0))))
        }
        #expect(bad == CallError(.invalidArgument, "steps 0 is outside 1 through 200"))
        let partial = await #expect(throws: CallError.self) {
            try await client.submit(SubmitJobRequest(request: GenerateImageRequest(prompt: "x", partialImages: 1)))
        }
        #expect(partial == CallError(.invalidArgument, "partial_images 1 of a job; nobody waits for them"))
        await fleet.stop()
    }

    @Test("a gateway whose database is away draws images, and says why it takes no jobs")
    func databaseAway() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", ["--jobs", "postgres://glm@/jobs?host=/nowhere"])
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 3))
        let refused = await #expect(throws: CallError.self) {
            try await JobsClient(fleet.connection).submit(SubmitJobRequest(request: request))
        }
        #expect(refused?.status == .resourceExhausted, "\(refused as Any)")
        #expect(refused?.message.hasPrefix("jobs are paused: PostgreSQL at /nowhere, database jobs: ") == true, "\(refused as Any)")
        while try await !fleet.gateway.status().problems.contains(where: { $0.hasPrefix("jobs are paused: PostgreSQL at /nowhere") }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await !fleet.gateway.generate(request).image.isEmpty)
        await fleet.stop()
    }

    @Test(
        "flags of jobs that can't be are refused, and no secret is told",
        arguments: [
            (["--jobs", "postgres://u:secret@h/d"], "--jobs: there is a password in the address"),
            (["--jobs", "jobs.sqlite"], "--jobs: \"jobs.sqlite\" is no address as in postgres://USER@HOST/DATABASE"),
            (["--jobs-lease", "30"], "--jobs-lease is for a database of --jobs"),
            (["--jobs", "postgres://h/d", "--jobs-lease", "4"], "--jobs-lease is 4.0; 5 to 3600 seconds"),
            (["--jobs-queued", "0"], "--jobs-queued is 0; 1 to 1000000"), (["--jobs-running", "10001"], "--jobs-running is 10001; 1 to 10000"),
            (["--jobs-bytes", "1MiB"], "--jobs-bytes is 1"),
            (["--results", "/srv/images"], "--results: \"/srv/images\" is no address as in s3://BUCKET/PREFIX"),
            (["--results-endpoint", "https://h"], "--results-endpoint is for a bucket of --results; there is none"),
        ])
    func flags(flags: [String], message: String) async throws {
        let result = try await Program.run("glm-gateway", flags, in: try Scratch())
        #expect(result.exit == .code(2) && result.errors.contains { $0.contains(message) }, "\(result.errors)")
        #expect(!result.errors.contains { $0.contains("secret") })
    }

    private final class Slot<Value: Sendable>: @unchecked Sendable {
        // Written by one stream, read after its end.
        var value: Value?
    }
}
