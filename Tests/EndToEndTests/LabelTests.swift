import Domain
import Foundation
import FoundationNetworking
import Imaging
import Processes
import Testing
import Wire

/// The labels of images through the real programs.
@Suite(.timeLimit(.minutes(3)), .serialized) struct LabelTests {
    private static let parameters = ImageOptions(height: 64, width: 64, steps: 2, seed: 3)

    private func start(_ flags: [String] = []) async throws -> (fleet: RunningFleet, url: String) {
        let fleet = try await RunningFleet.start("all", ["--exit-with-parent", "--http", "127.0.0.1:0", "--content-producer", "us"] + flags)
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        return (fleet, String(try #require(line.firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output))
    }

    private func post(_ url: String, _ json: String) async throws -> (status: Int, answer: [String: Any]) {
        var request = URLRequest(url: try #require(URL(string: url + "/v1/images/generations")))
        request.httpMethod = "POST"
        request.httpBody = Data(json.utf8)
        request.setValue("application/json", forHTTPHeaderField: "content-type")
        let (bytes, response) = try await URLSession.shared.data(for: request)
        let object = try JSONSerialization.jsonObject(with: bytes)
        return (try #require(response as? HTTPURLResponse).statusCode, try #require(object as? [String: Any]))
    }

    private func file(_ answer: [String: Any]) throws -> [UInt8] {
        let picture = try #require((answer["data"] as? [[String: Any]])?.first)
        let text = try #require(picture["b64_json"] as? String)
        return [UInt8](try #require(Data(base64Encoded: text)))
    }

    @Test("every image has the label in its metadata, in each format, over gRPC, as a job and as a crop over HTTP", arguments: ImageFormat.allCases)
    func implicit(format: ImageFormat) async throws {
        let (fleet, url) = try await start()
        var parameters = Self.parameters
        parameters.format = format
        let request = GenerateImageRequest(prompt: "x", parameters: parameters)
        let image = try await fleet.gateway.generate(request)
        let label = try #require(try ImageStatement(image.image).label)
        #expect(label.values[.contentProducer] == "us" && label.values[.produceID]?.count == 32)

        let crop = try await post(url, #"{"prompt":"x","size":"50x40","num_inference_steps":2,"seed":3,"output_format":"\#(format.rawValue)"}"#)
        let cropped = try ImageStatement(file(crop.answer))
        #expect(cropped.label?.values[.contentProducer] == "us" && cropped.header.width == 50 && cropped.header.format == format)

        await fleet.stop()
        let second = try await RunningFleet.start("text,diffusion", in: fleet.scratch, ["--content-producer", "us"])
        let jobs = JobsClient(second.connection)
        let job = try await jobs.submit(SubmitJobRequest(request: request))
        try await jobs.watch(job.id) { _ in }
        #expect(try await jobs.fetch(job.id).image == image.image)
        await second.stop()
    }

    @Test("words are drawn into all images by flag, the rest of the image is as without them, and only who has the right leaves them out")
    func explicit() async throws {
        let (fleet, url) = try await start(["--explicit-label"])
        func draw(_ label: Bool?) async throws -> GeneratedImage {
            try await fleet.gateway.generate(GenerateImageRequest(prompt: "x", parameters: Self.parameters, explicitLabel: label))
        }
        let plain = try await draw(false), labelled = try await draw(nil)
        #expect(!plain.explicitLabel && labelled.explicitLabel)
        var expected = try RGBImage(decoding: plain.image)
        expected.drawExplicitLabel()
        #expect(try RGBImage(decoding: labelled.image) == expected)

        let small = #""prompt":"x","size":"64x64","num_inference_steps":2,"seed":3"#
        let answer = try await post(url, "{\(small)}")
        #expect(try file(answer.answer) == labelled.image && answer.answer["explicit_label"] as? Bool == true)
        let refusal = try await post(url, #"{\#(small),"watermark_enabled":false}"#)
        let error = refusal.answer["error"] as? [String: Any]
        #expect(refusal.status == 403 && error?["code"] as? String == "insufficient_permissions", "\(refusal)")

        let scratch = fleet.scratch
        let made = try await Program.run(
            "glm",
            [
                "generate", "x", "-o", scratch.file("a.png"), "--size", "64x64", "--steps", "2", "--seed", "3", "--no-label", "--gateway",
                fleet.address,
            ],
            in: scratch)
        #expect(try made.exit == .code(0) && scratch.bytes("a.png") == Data(plain.image), "\(made.errors)")
        await fleet.stop()
    }

    @Test("inspect tells what a picture says of itself, as JSON too, and refuses what is no picture")
    func inspect() async throws {
        let (fleet, _) = try await start()
        let scratch = fleet.scratch
        let image = try await fleet.gateway.generate(GenerateImageRequest(prompt: "x", parameters: Self.parameters))
        try Data(image.image).write(to: URL(fileURLWithPath: scratch.file("a.png")))
        await fleet.stop()
        let text = try await Program.run("glm", ["inspect", scratch.file("a.png")], in: scratch)
        #expect(text.output.first == "png 64x64, \(image.image.count) bytes, upright" && text.output.contains("  ContentProducer: us"))
        let json = try await Program.run("glm", ["inspect", scratch.file("a.png"), "--json"], in: scratch)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.joined(separator: "\n").utf8)) as? [String: Any])
        #expect((report["aigc"] as? [String: String])?["Label"] == "1" && report["c2pa"] as? Bool == false && report["width"] as? Int == 64)
        let foreign = try await Program.run("glm", ["inspect", Binaries.image("refused/picture.gif")], in: scratch)
        #expect(foreign.exit == .code(1) && foreign.error.contains("GIF"), "\(foreign.errors)")
    }
}
