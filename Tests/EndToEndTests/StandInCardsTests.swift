import Domain
import Foundation
import Processes
import Imaging
import StandInFiles
import Testing
import Wire

/// Fleets on the cards of a stand-in for CANN, which computes on the CPU: what they prove is placement, wiring and recovery.
@Suite(.timeLimit(.minutes(5)), .serialized) struct StandInCardsTests {
    /// A machine of four cards in a folder of its own: CANN's libraries, the driver's, and the book of who is on which card.
    private struct Machine {
        let scratch: Scratch
        let book: String

        /// - Parameter symbol: of a function that CANN is to lack.
        init(in scratch: Scratch, without symbol: String? = nil) throws {
            self.scratch = scratch
            book = scratch.file("machine")
            let libraries = scratch.file("cann/lib64")
            for folder in [book, libraries] { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
            var standIn = Binaries.path("libAscendStandIn.so")
            if let symbol {
                let copy = scratch.file("libAscendStandIn.so")
                try FileManager.default.copyItem(atPath: standIn, toPath: copy)
                try Exports.hide(symbol, in: URL(fileURLWithPath: copy))
                standIn = copy
            }
            for name in ["libascendcl.so", "libnnopbase.so", "libopapi.so", "libhccl.so"] {
                try FileManager.default.createSymbolicLink(atPath: "\(libraries)/\(name)", withDestinationPath: standIn)
            }
        }

        func environment(_ settings: [String: String] = [:]) -> [String: String] {
            let cann = scratch.file("cann")
            var all = [
                "ASCEND_HOME_PATH": cann, "ASCEND_OPP_PATH": cann, "GLM_DCMI_LIBRARY": Binaries.path("libAscendStandIn.so"), "STANDIN_DEVICES": "4",
                "STANDIN_MACHINE": book, "STANDIN_MEMORY": "\(Self.memory)",
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

        /// Fills a card but for so many bytes beside what our programs hold there, as another tenant would; nil: it leaves again.
        func fill(_ card: Int, leaving bytes: Int?) throws {
            let tenant = "\(book)/npu\(card).\(ProcessInfo.processInfo.processIdentifier)"
            guard let bytes else { return try FileManager.default.removeItem(atPath: tenant) }
            let held = try FileManager.default.contentsOfDirectory(atPath: book).filter { $0.hasPrefix("npu\(card).") }.reduce(0) {
                $0 + (Int(try String(contentsOfFile: "\(book)/\($1)", encoding: .utf8).filter(\.isNumber)) ?? 0)
            }
            try Data("\(Self.memory - held - bytes)\n".utf8).write(to: URL(fileURLWithPath: tenant))
        }

        /// Of each card.
        private static let memory = 16 << 30
    }

    private static let stages = """
        stages:
          vision: {devices: [npu:0]}
          text: {devices: [npu:1], batch: 2}
          diffusion: {devices: [[npu:3, npu:2]]}
        limits: {pixels: 65536, queue: 16}

        """

    private func topology(_ scratch: Scratch, _ stages: String = stages) throws -> String {
        let path = scratch.file("topology.yaml")
        try Data("model: \(Binaries.model)\n\(stages)".utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A text to image and an edit.
    private func requests() throws -> [GenerateImageRequest] {
        let picture = try RGBImage(width: 64, height: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0) }).png()
        return [
            GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1)),
            GenerateImageRequest(prompt: "a \"cat\"", images: [picture], parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1)),
        ]
    }

    @Test(
        "each stage runs on the card that the topology names, sees no other, and drives it from one thread; text to image and edits go through them")
    func placed() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let environment = machine.environment(["THREADS": "abort"])
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
        #expect(status.stages.compactMap(\.description?.device) == ["npu:0", "npu:1", "npu:3,npu:2"])
        #expect(status.cards.filter { $0.name != "cpu" }.map(\.stages) == [["vision-0"], ["text-0"], ["diffusion-0"], ["diffusion-0"]])
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
        #expect(try machine.tenants() == [:])
    }

    @Test("verify on a card tells its level and what it does without, and its report has that and costs, and no path and no name of the host")
    func report() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let file = scratch.file("report.json")
        let result = try await Program.run(
            "glm",
            [
                "verify", Binaries.model, Binaries.model + "-text-to-image.safetensors", "--device", "npu:0", "--precision", "bf16", "--report", file,
            ], in: scratch, environment: machine.environment(["WRONG": "aclnnSwiGlu"]))
        #expect(result.exit == .code(0), "\(result.output) \(result.errors)")
        let head = try #require(result.output.first)
        #expect(head.hasPrefix("npu:0: Ascend910B3, CANN 8.1.RC1, ") && head.hasSuffix(", deterministic 1"), "\(head)")
        #expect(result.output.contains { $0.hasPrefix("  without SwiGLU: error ") })
        #expect(result.output.contains("  rows have the same bits alone, together and twice"))

        let text = try String(contentsOfFile: file, encoding: .utf8)
        var host = [CChar](repeating: 0, count: 256)
        #expect(gethostname(&host, host.count - 1) == 0)
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        #expect(!text.contains("/") && !text.split { !$0.isLetter && !$0.isNumber && $0 != "-" }.contains { $0 == name }, "\(text)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(report["holds"] as? Bool == true && report["precision"] as? String == "bf16")
        let device = try #require(report["device"] as? [String: Any])
        #expect(device["determinism"] as? Int == 1 && device["chip"] as? String == "Ascend910B3" && (device["fallbacks"] as? [String])?.count == 1)
        #expect((device["row_comparisons"] as? [[String: Any]])?.compactMap { $0["different"] as? Int } == [Int](repeating: 0, count: 7))
        let parts = try #require(report["parts"] as? [[String: Any]])
        #expect(parts.compactMap { $0["part"] as? String } == ["processor", "vision", "text", "diffusion"])
        // There is no source image for vision to encode.
        for part in parts where ["text", "diffusion"].contains(part["part"] as? String) {
            #expect(part["launches"] as? Int ?? 0 > 0 && part["seconds"] as? Double ?? 0 > 0, "\(part)")
        }
    }

    @Test("verify without its card fails, and its report says why")
    func reportWithoutCard() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let file = scratch.file("report.json")
        let arguments = ["verify", Binaries.model, Binaries.model + "-text-to-image.safetensors", "--device", "npu:9", "--report", file]
        let result = try await Program.run("glm", arguments, in: scratch, environment: machine.environment([:]))
        #expect(result.exit != .code(0))
        let report = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [String: Any])
        #expect((report["error"] as? String)?.contains("npu:9") == true && report["holds"] as? Bool == false, "\(report)")
    }

    @Test(
        "text divided among two cards, and diffusion among two for each branch of guidance, draw pictures and edits, each again the same",
        arguments: PassDivision.allCases)
    func divided(diffusion: PassDivision) async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let file = try topology(
            scratch,
            """
            stages:
              vision: {devices: [npu:0]}
              text: {devices: [[npu:1, npu:0]], tensor_parallel_size: 2, batch: 2}
              diffusion: {devices: [[npu:0, npu:1, npu:2, npu:3]], \(diffusion.key): 2}
            limits: {pixels: 65536, queue: 16}

            """)
        let program = try Program(
            "glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file], in: scratch, environment: machine.environment())
        _ = try await program.output { $0.hasPrefix("ready ") }
        for card in 0..<4 { #expect(try machine.tenants()[card]?.contains("glm-diffusion") == true) }
        for card in 0..<2 { #expect(try machine.tenants()[card]?.contains("glm-text") == true) }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        let first = try await pictures(1, connection)
        #expect(try await pictures(1, connection) == first)
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
    }

    /// A fleet on the machine's cards, and the requests of a user.
    private func fleet(
        _ name: String, on machine: Machine, _ settings: [String: String] = [:], _ flags: [String] = []
    ) async throws -> (program: Program, connection: StageConnection) {
        let folder = machine.scratch.file(name)
        let program = try Program(
            "glm-gateway", ["--run-directory", folder, "--topology", try topology(machine.scratch)] + flags, in: machine.scratch,
            environment: machine.environment(settings))
        _ = try await program.output { $0.hasPrefix("ready ") }
        return (program, try StageConnection(to: .unix(path: folder + "/gateway.sock")))
    }

    /// The pictures of so many rounds of the requests, one after the other.
    private func pictures(_ rounds: Int, _ connection: StageConnection) async throws -> [[UInt8]] {
        var pictures: [[UInt8]] = []
        for _ in 0..<rounds { for request in try requests() { pictures.append(try await GatewayClient(connection).generate(request).image) } }
        return pictures
    }

    /// Of each card, as the stand-in's driver tells them.
    private static let watts = 91.3

    @Test(
        "each phase of an answer tells the joules that it took of its stage's cards; metrics tell them by stage and model, the status watts by card")
    func joules() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let port = Int.random(in: 20_000...40_000)
        let (program, connection) = try await fleet("run", on: machine, [:], ["--http", "127.0.0.1:\(port)"])
        let gateway = GatewayClient(connection)
        let edit = try requests()[1]
        let phases = try await gateway.generate(edit).timings
        #expect(Set(phases.map(\.stage)) == ["vision", "text", "diffusion", "gateway"])
        for phase in phases {
            // Nothing else runs on the cards: all of their power is the request's. Diffusion has two. Of the whole request no card is told.
            let cards = ["vision": 1.0, "text": 1, "diffusion": 2][phase.stage]
            let expected = cards.map { $0 * Self.watts * phase.seconds }
            switch (phase.joules, expected) {
            case (let told?, let expected?): #expect(abs(told - expected) < 1e-6, "\(phase)")
            case (nil, nil): break
            case (let told, let expected): Issue.record("\(phase) tells \(String(describing: told)), not \(String(describing: expected))")
            }
        }
        let cards = try await gateway.status().cards.filter { $0.name != "cpu" }
        #expect(cards.map(\.power) == [Self.watts, Self.watts, Self.watts, Self.watts])
        let metrics = try await get("http://127.0.0.1:\(port)/metrics").text
        for stage in ["vision", "text", "diffusion"] {
            #expect(metrics.contains("glm_stage_joules_total{kind=\"\(stage)\",model=\"tiny-f32\",stage=\"\(stage)-0\"} "), "\(metrics)")
        }
        for card in 0..<4 {
            #expect(metrics.contains("glm_card_power_watts{card=\"npu:\(card)\"} 91.3"))
            #expect(metrics.contains("glm_card_idle_joules_total{card=\"npu:\(card)\"} "))
        }
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
    }

    /// One round of images from a fleet without faults, made once for all tests.
    private static let undisturbed = Task<[[UInt8]], any Error> {
        let suite = StandInCardsTests()
        let machine = try Machine(in: Scratch())
        defer { withExtendedLifetime(machine) {} }
        let (program, connection) = try await suite.fleet("calm", on: machine)
        let images = try await suite.pictures(1, connection)
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
        return images
    }

    /// Every process meets the fault after so many operators: the text stage in the midst of its third picture or so.
    @Test(
        "what ends a stage while it computes costs no request: it is told with stage, card and reason, the stage is replaced, the answers are the same",
        arguments: [
            ("lost@60000:507901", ["exit code 1: the device is lost: npu:1: ", "507901"]),
            ("kernel@60000:507015", ["exit code 1: the device is lost: npu:1: ", "507015"]),
            ("stuck@60000", ["ended by signal 9"]),
        ])
    func ended(fault: String, reason: [String]) async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let answers = try await Self.undisturbed.value
        let (program, connection) = try await fleet("run", on: machine, ["FAULT": fault], ["--stall-limit", "8"])
        for picture in try await pictures(4, connection).enumerated() { #expect(picture.element == answers[picture.offset % answers.count]) }
        #expect(try await GatewayClient(connection).status().stages.reduce(0) { $0 + $1.restarts } > 0)
        await connection.close()
        _ = await program.child.stop(grace: .seconds(20))
        let words = try await program.error { $0.contains("stage ended") && $0.contains("text-0") }
        #expect((["device=npu:1 "] + reason).allSatisfy(words.contains), "\(words)")
    }

    @Test(
        "a card that another tenant fills costs the requests that need more of it, with the reason; others go on in the same process, and large ones later"
    )
    func full() async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch)
        let (program, connection) = try await fleet("run", on: machine)
        let gateway = GatewayClient(connection)
        let large = GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 256, width: 256, steps: 1, seed: 1))
        let small = try await pictures(1, connection)
        try machine.fill(3, leaving: 0)
        let refusal = await #expect(throws: CallError.self) { try await gateway.generate(large) }
        #expect(refusal?.status == .aborted && refusal?.message.contains("diffusion-0: npu:3: aclrtMalloc of ") == true, "\(refusal as Any)")
        #expect(try await pictures(1, connection) == small)
        try machine.fill(3, leaving: nil)
        #expect(try ImageHeader(try await gateway.generate(large).image).width == 256)
        #expect(try await pictures(1, connection) == small)
        #expect(try await gateway.status().stages.map(\.restarts) == [0, 0, 0])
        await connection.close()
        #expect(await program.child.stop(grace: .seconds(20)) == .code(0))
    }

    @Test(
        "a fleet whose cards can't be used does not start: what is missing is named with its stage and card, and nothing is left running",
        arguments: [
            ("aclnnRmsNormGetWorkspaceSize", "", ["on npu:", "CANN has no aclnnRmsNormGetWorkspaceSize: needs 8.1.RC1 or newer"]),
            (nil, "stages:\n  text: {devices: [npu:4]}\n", ["npu:4", "npu:0, npu:1, npu:2, npu:3"]),
            // A machine whose driver isn't asked: what the topology declares shows when it is opened.
            (
                nil, "stages:\n  text: {devices: [npu:5]}\ncards:\n  - {name: npu:5, chip: 910B3, memory: 64GiB}\n",
                ["-0 on npu:5 ended with exit code 1: ", "207004"]
            ),
        ] as [(String?, String, [String])])
    func unusable(symbol: String?, stages: String, words: [String]) async throws {
        let scratch = try Scratch()
        let machine = try Machine(in: scratch, without: symbol)
        var environment = machine.environment()
        if stages.contains("chip:") { environment["GLM_DCMI_LIBRARY"] = "" }
        let file = try topology(scratch, stages.isEmpty ? Self.stages : stages)
        let result = try await Program.run(
            "glm-gateway", ["--run-directory", scratch.file("run"), "--topology", file, "--exit-with-parent"], in: scratch, environment: environment)
        #expect(result.exit == .code(1))
        #expect(words.allSatisfy(result.error.contains), "\(result.errors)")
        #expect(Program.running(in: scratch).isEmpty)
        #expect(try machine.tenants() == [:])
    }
}
