import Domain
import Foundation
import FoundationNetworking
import Processes
import Testing
import Wire

/// Step caching through the real programs.
@Suite(.timeLimit(.minutes(3))) struct StepCacheTests {
    @Test("what is asked for is done within what the fleet allows, told in the answer, the same each time, and kept with a job")
    func served() async throws {
        let fleet = try await RunningFleet.start("text,diffusion", of: nil, ["--step-cache", "0.5"])
        func request(_ value: Float?) -> GenerateImageRequest {
            GenerateImageRequest(prompt: "a red circle", parameters: ImageOptions(height: 64, width: 64, steps: 12, seed: 3, stepCache: value))
        }
        let plain = try await fleet.gateway.generate(request(nil))
        #expect(plain.parameters.stepCache == 0 && plain.fullSteps == 12)
        let cached = try await fleet.gateway.generate(request(0.5))
        #expect(cached.parameters.stepCache == 0.5 && (5...12).contains(cached.fullSteps))
        #expect(try await fleet.gateway.generate(request(0.5)).image == cached.image)
        #expect(try await fleet.gateway.generate(request(nil)).image == plain.image)

        let jobs = JobsClient(fleet.connection)
        let job = try await jobs.submit(SubmitJobRequest(request: request(0.5)))
        try await jobs.watch(job.id) { _ in }
        let fetched = try await jobs.fetch(job.id)
        #expect(fetched.image == cached.image && fetched.parameters.stepCache == 0.5 && fetched.fullSteps == cached.fullSteps)

        let refusal = await #expect(throws: CallError.self) { try await fleet.gateway.generate(request(0.75)) }
        #expect(refusal == CallError(.invalidArgument, "step_cache 0.75, this fleet allows 0.5"))
        await fleet.stop()
    }

    @Test("over HTTP the answer tells it, too, and more than is allowed is a 400 of this field")
    func http() async throws {
        let fleet = try await RunningFleet.start(
            "text,diffusion", of: nil, ["--exit-with-parent", "--step-cache", "0.5", "--http", "127.0.0.1:0"])
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        let address = try #require(line.firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output
        let url = try #require(URL(string: "\(address)/v1/images/generations"))
        func post(_ value: Double) async throws -> (status: Int, answer: [String: Any]) {
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            request.httpBody = Data(#"{"prompt":"x","size":"64x64","num_inference_steps":12,"seed":3,"step_cache":\#(value)}"#.utf8)
            request.setValue("application/json", forHTTPHeaderField: "content-type")
            let (bytes, response) = try await URLSession.shared.data(for: request)
            let object = try JSONSerialization.jsonObject(with: bytes)
            return (try #require(response as? HTTPURLResponse).statusCode, try #require(object as? [String: Any]))
        }
        let made = try await post(0.5)
        let image = try #require((made.answer["data"] as? [[String: Any]])?.first)
        #expect(made.status == 200 && made.answer["step_cache"] as? Double == 0.5 && (5...12).contains(image["full_steps"] as? Int ?? 0))
        let refused = try await post(0.75), error = refused.answer["error"] as? [String: Any]
        #expect(refused.status == 400 && error?["code"] as? String == "invalid_value" && error?["param"] as? String == "step_cache")
        let plain = try await post(0)
        #expect(plain.status == 200 && plain.answer["step_cache"] == nil)
        await fleet.stop()
    }

    @Test("a stage whose model has no blocks to skip does not start with it, and a value outside its range is wrong usage")
    func impossible() async throws {
        let scratch = try Scratch()
        func start(_ value: String) async throws -> Program.Result {
            try await Program.run(
                "glm-diffusion",
                ["--run-directory", scratch.file("run"), "--model", Binaries.model, "--threads", "1", "--exit-with-parent", "--step-cache", value],
                in: scratch)
        }
        let shallow = try await start("0.5")
        #expect(shallow.exit == .code(1) && shallow.error.contains("too few blocks to skip any"), "\(shallow.errors)")
        let wrong = try await start("2")
        #expect(wrong.exit == .code(2) && wrong.error == "--step-cache: step_cache 2.0 is outside 0.0 through 1.0", "\(wrong.errors)")
    }

    @Test("glm asks a private fleet for as much as it was told to, and prints what came of it")
    func command() async throws {
        let scratch = try Scratch()
        let made = try await Program.run(
            "glm",
            [
                "generate", "a red circle", "-o", scratch.file("a.png"), "--size", "64x64", "--steps", "12", "--seed", "3", "--threads", "1",
                "--step-cache", "0.5", "--json",
            ], in: scratch)
        #expect(made.exit == .code(0), "\(made.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(made.output.joined(separator: "\n").utf8)) as? [String: Any])
        let image = try #require((report["images"] as? [[String: Any]])?.first)
        #expect(image["step_cache"] as? Double == 0.5 && (5...12).contains(image["full_steps"] as? Int ?? 0))
    }
}
