import Foundation
import Gateway
import Imaging
import Testing
import Wire

/// Fleets on the cards of a stand-in for CANN, which computes on the CPU: what they prove is placement, wiring and recovery.
@Suite(.timeLimit(.minutes(5)), .serialized) struct StandInCardsTests {
    /// A machine of four cards in a folder of its own: CANN's libraries, the driver's, and the book of who is on which card.
    private struct Machine {
        let scratch: Scratch
        let book: String

        init(in scratch: Scratch) throws {
            self.scratch = scratch
            book = scratch.file("machine")
            let libraries = scratch.file("cann/lib64")
            for folder in [book, libraries] { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
            for name in ["libascendcl.so", "libnnopbase.so", "libopapi.so"] {
                try FileManager.default.createSymbolicLink(atPath: "\(libraries)/\(name)", withDestinationPath: Binaries.path("libAscendStandIn.so"))
            }
        }

        func environment(_ settings: [String: String] = [:]) -> [String: String] {
            let cann = scratch.file("cann")
            var all = [
                "ASCEND_HOME_PATH": cann, "ASCEND_OPP_PATH": cann, "GLM_DCMI_LIBRARY": Binaries.path("libAscendStandIn.so"), "STANDIN_DEVICES": "4",
                "STANDIN_MACHINE": book,
            ]
            for (name, value) in settings { all["STANDIN_" + name] = value }
            return all
        }

        /// The names of our programs on each card.
        func tenants() throws -> [Int: [String]] {
            var tenants: [Int: [String]] = [:]
            for entry in try FileManager.default.contentsOfDirectory(atPath: book) {
                let parts = entry.dropFirst("npu".count).split(separator: ".")
                guard entry.hasPrefix("npu"), parts.count == 2, let card = Int(parts[0]),
                    let program = try? String(contentsOfFile: "/proc/\(parts[1])/comm", encoding: .utf8)
                else { continue }
                tenants[card, default: []].append(program.trimmingCharacters(in: .newlines))
            }
            return tenants
        }
    }

    private static let stages = """
        stages:
          vision: {cards: [npu:0]}
          text: {cards: [npu:1], batch: 2}
          diffusion: {cards: [npu:3], guidance_cards: [npu:2]}
        limits: {pixels: 65536, queue: 16}

        """

    private func topology(_ scratch: Scratch) throws -> String {
        let path = scratch.file("topology.yaml")
        try Data("model: \(Binaries.model)\n\(Self.stages)".utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A text to image and an edit.
    private func requests() throws -> [GenerateImageRequest] {
        let picture = try RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) }).png()
        return [
            GenerateImageRequest(prompt: "a \"cat\"", height: 64, width: 64, steps: 2, seed: 1),
            GenerateImageRequest(prompt: "a \"cat\"", images: [picture], height: 64, width: 64, steps: 2, seed: 1),
        ]
    }

    @Test("each stage runs on the card that the topology names, sees no other, and text to image and edits go through them")
    func placed() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let environment = machine.environment()
        let file = try topology(scratch)
        let plan = try await Program.run("glm", ["plan", "--topology", file], in: scratch, environment: environment)
        #expect(plan.exit == .code(0), "\(plan.output) \(plan.errors)")
        let program = try Program("glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file], in: scratch, environment: environment)
        _ = try await program.output { $0.hasPrefix("ready ") }
        #expect(try machine.tenants() == [0: ["glm-vision"], 1: ["glm-text"], 2: ["glm-diffusion"], 3: ["glm-diffusion"]])

        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let gateway = GatewayClient(connection)
        for request in try requests() {
            let first = try await gateway.generate(request)
            #expect(try ImageHeader(first.image).width == 64)
            #expect(try await gateway.generate(request).image == first.image)
        }
        let status = try await gateway.status()
        #expect(status.cards.filter { $0.name != "cpu" }.map(\.stages) == [["vision-0"], ["text-0"], ["diffusion-0"], ["diffusion-0"]])
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
        #expect(try machine.tenants() == [:])
    }

    @Test("cards that are lost while they compute cost no request: their stages are replaced, the answers are the same")
    func lost() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let file = try topology(scratch)
        var answers: [[[UInt8]]] = []
        // Every process loses its card after so many operators: the text stage in the midst of its third picture or so.
        for settings in [[:], ["FAULT": "lost@60000:507901"]] as [[String: String]] {
            let program = try Program(
                "glm-gateway", ["--run-directory", scratch.file("run-\(answers.count)"), "--topology", file], in: scratch,
                environment: machine.environment(settings))
            _ = try await program.output { $0.hasPrefix("ready ") }
            let connection = try StageConnection(to: .unix(path: scratch.file("run-\(answers.count)") + "/gateway.sock"))
            let gateway = GatewayClient(connection)
            var pictures: [[UInt8]] = []
            for _ in 0..<4 { for request in try requests() { pictures.append(try await gateway.generate(request).image) } }
            if !settings.isEmpty { #expect(try await gateway.status().stages.reduce(0) { $0 + $1.restarts } > 0) }
            answers.append(pictures)
            await connection.close()
            _ = await program.child.stop(grace: .seconds(20))
        }
        #expect(answers[0] == answers[1])
    }
}
