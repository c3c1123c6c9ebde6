import Domain
import Foundation
import Processes
import TestSupport
import Testing
import Wire

/// Fleets from topology files, and what is told about them.
@Suite(.timeLimit(.minutes(3)), .serialized) struct TopologyTests {
    private func topology(_ scratch: Scratch, _ text: String) throws -> String {
        let path = scratch.file("topology.yaml")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private static let small = "limits: {pixels: 65536, queue: 7}\n"

    @Test("a topology's stages run, as glm plan said; one more finds room, and status shows the card")
    func runs() async throws {
        let scratch = try Scratch()
        let file = try topology(
            scratch,
            "model: \(Binaries.model)\nstages:\n  text: {replicas: 2, batch: 3, threads: 1}\n  vision: {replicas: 1, threads: 1}\n  diffusion: {replicas: 1, threads: 1}\n"
                + Self.small)
        let plan = try await Program.run("glm", ["plan", "--topology", file], in: scratch)
        #expect(plan.exit == .code(0), "\(plan.output) \(plan.errors)")
        for name in ["vision-0", "text-0", "text-1", "diffusion-0"] { #expect(plan.output.contains { $0.contains(name) }) }

        let program = try Program("glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file], in: scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let gateway = GatewayClient(connection)
        try await OperationsClient(connection).scale(ScaleRequest(kind: "diffusion", replicas: 2)) { _ in }
        let status = try await gateway.status()
        #expect(
            status.stages.compactMap { $0.description.map { "\($0.kind)-\($0.instance)" } } == [
                "vision-0", "text-0", "text-1", "diffusion-0", "diffusion-1",
            ])
        #expect(status.stages.first { $0.description?.kind == "text" }?.description?.slots == 3)
        #expect(status.queues.first { $0.kind == "text" }?.slots == 6)
        #expect(status.cards.first { $0.name == "cpu" }?.stages.count == 5)
        _ = try await gateway.generate(GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1)))
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(10)) == .code(0))
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("a fleet of two models: a request names one and gets its images; without a name, or with a wrong one, it is refused with those there are")
    func twoModels() async throws {
        let scratch = try Scratch()
        let other = try FailureTests.otherModel(in: scratch)
        let file = try topology(
            scratch,
            """
            models: {first: \(Binaries.model), second: \(other)}
            stages:
              vision: [{model: first, threads: 1}, {model: second, threads: 1}]
              text: [{model: first, replicas: 1, threads: 1}, {model: second, replicas: 1, threads: 1}]
              diffusion: [{model: first, replicas: 1, threads: 1}, {model: second, replicas: 1, threads: 1}]

            """ + Self.small)
        let program = try Program("glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file], in: scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let gateway = GatewayClient(connection)
        func request(_ model: String) -> GenerateImageRequest {
            GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1), model: model)
        }
        let first = try await gateway.generate(request("first")), second = try await gateway.generate(request("second"))
        #expect(first.modelFingerprint != second.modelFingerprint && first.image != second.image)
        let unnamed = await #expect(throws: CallError.self) { try await gateway.generate(request("")) }
        #expect(unnamed == CallError(.failedPrecondition, "model is not set, and this fleet has several: first, second"))
        let unknown = await #expect(throws: CallError.self) { try await gateway.generate(request("third")) }
        #expect(unknown == CallError(.failedPrecondition, "this fleet has no model third; it has first, second"))

        // Operations are about one model's stages.
        try await OperationsClient(connection).scale(ScaleRequest(kind: "text", replicas: 2, modelName: "second")) { _ in }
        let texts = try await gateway.status().stages.compactMap(\.description).filter { $0.kind == "text" }
        #expect(texts.map(\.modelName).sorted() == ["first", "second", "second"])
        #expect(try await gateway.generate(request("second")).image == second.image)
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(10)) == .code(0))
    }

    @Test(
        "a topology that can't be is refused before anything is loaded, by plan and by gateway, with what is wrong and where",
        arguments: [
            ("stages:\n  text: {replica: 2}\n", "topology.yaml:2", "replica"),
            ("stages:\n  text: {devices: [npu:5]}\n", "npu:5", "cpu"),
            ("model: /nonexistent/model\n", "/nonexistent/model", "model_index.json"),
            ("stages:\n  diffusion: {replicas: 256, devices: [npu:0]}\ncards:\n  - {name: npu:0, chip: 910B3, memory: 64GiB}\n", "lacking", "GiB"),
        ])
    func refused(_ text: String, _ first: String, _ second: String) async throws {
        let scratch = try Scratch()
        let file = try topology(scratch, text)
        let model = text.contains("model:") ? [] : ["--model", Binaries.model]
        let plan = try await Program.run("glm", ["plan", "--topology", file] + model, in: scratch)
        #expect(plan.exit == .code(1), "\(plan.output)")
        let planned = (plan.output + plan.errors).joined(separator: "\n")
        #expect(planned.contains(first), "\(planned)")
        let gateway = try await Program.run("glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file] + model, in: scratch)
        #expect(gateway.exit == .code(1))
        #expect(gateway.errors.contains { $0.contains(first) && $0.contains(second) }, "\(gateway.errors)")
        #expect(Program.running(in: scratch).isEmpty)
    }

    @Test("metrics and readiness are told over HTTP; a port in use ends the gateway with its address")
    func http() async throws {
        let port = Int.random(in: 20_000...40_000)
        let fleet = try await RunningFleet.start("text,diffusion", ["--exit-with-parent", "--http", "127.0.0.1:\(port)"])
        let image = try await fleet.picture()
        let metrics = try await get("http://127.0.0.1:\(port)/metrics")
        #expect(metrics.status == 200)
        for line in [
            "glm_gateway_images_total 1", "glm_gateway_steps_total 2", #"glm_gateway_stage_requests_total{kind="text"} 1"#,
            #"glm_gateway_slots{kind="diffusion"} 1"#,
        ] {
            #expect(metrics.text.split(separator: "\n").contains { $0 == line }, "\(line)")
        }
        #expect(try MetricTable.names(in: metrics.text).subtracting(MetricTable.names()) == [], "deploy/monitoring/README.md has no line for it")
        for name in ["glm_build_info", "glm_gateway_requests", "glm_gateway_encoder_cache_hits_total", "glm_gateway_encoder_cache_misses_total"] {
            #expect(MetricTable.names(in: metrics.text).contains(name))
        }
        // The processors' power is not measured.
        #expect(!metrics.text.contains("joules") && image.timings.allSatisfy { $0.joules == nil })
        #expect(metrics.text.contains("glm_stage_phase_seconds_bucket{kind=\"text\",phase=\"decode\",stage=\"text-0\",le="))
        #expect(try await get("http://127.0.0.1:\(port)/health/ready").status == 200)
        #expect(try await get("http://127.0.0.1:\(port)/health/live").status == 200)
        let second = try await Program.run(
            "glm-gateway", ["--run-directory", fleet.scratch.file("other"), "--http", "127.0.0.1:\(port)"], in: fleet.scratch)
        #expect(second.exit == .code(1) && second.error.contains("127.0.0.1:\(port)"), "\(second.errors)")
        await fleet.stop()
    }

    @Test("what GLM-Image was not planned for is refused at the door: pictures over the topology's limit")
    func pixels() async throws {
        let scratch = try Scratch()
        let file = try topology(scratch, "model: \(Binaries.model)\nstages:\n  text: {replicas: 1, batch: 2, threads: 1}\n" + Self.small)
        let program = try Program("glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file], in: scratch)
        _ = try await program.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let refusal = await #expect(throws: CallError.self) {
            try await GatewayClient(connection).generate(GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 512, width: 512)))
        }
        #expect(refusal == CallError(.invalidArgument, "width × height 512 × 512 is 262144 pixels, the fleet is planned for 65536"))
        await connection.close()
        _ = await program.child.stop(grace: .seconds(10))
    }
}
