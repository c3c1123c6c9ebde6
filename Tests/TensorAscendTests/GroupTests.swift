import Checkpoint
import Domain
import Foundation
import GLMImage
import ModelConfiguration
import ModelFixtures
import ModelTools
import Tensor
import TensorAscend
import TestSupport
import Testing

/// Passes divided among several cards of the stand-in, each in a process of its own.
@Suite struct GroupTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
    /// Four heads and four blocks.
    private static let model = fixtures.appending(path: "../../Sources/GLMTiny/glm-tiny").standardizedFileURL

    /// Sides of guidance one after the other, each of as many cards.
    private static func group(
        _ sides: Int, of ranks: Int, precision: Precision = .bf16, fused: FusedOperators = FusedOperators(), timeout: Int = 60
    ) throws -> DeviceGroup {
        DeviceGroup(
            sides: try (0..<sides).map { side in
                let devices = try (side * ranks..<(side + 1) * ranks).map {
                    try AscendDevice($0, precision: precision, timeout: 60, fused: fused)
                }
                return zip(devices, try AscendCommunicator.group(devices, timeout: timeout)).map { DeviceGroup.Rank($0, $1) }
            })
    }

    private static func install(_ settings: [String: String] = [:]) throws {
        setenv("HCCL_BUFFSIZE", "1", 1)
        try StandIn.install(settings: settings.merging(["DEVICES": "4"]) { own, _ in own })
    }

    /// 96 × 64 pixels: rows that four ranks can't divide evenly.
    private static func request(steps: Int = 2) throws -> RenderRequest {
        let parameters = try ImageParameters(ImageOptions(height: 64, width: 96, steps: steps, guidanceScale: 2, seed: 1))
        return try RenderRequest(
            prompt: "a \"cat\"", parameters: parameters, target: CodeGrid(GridSize(height: 2, width: 3), codes: [3, 2, 1, 0, 4, 5]))
    }

    /// What the reference computed by diffusion, on a model of its weights. The other parts know nothing of a division.
    private static func verify(
        _ model: ModelFolder, _ checkpoint: String, _ group: DeviceGroup, _ division: PassDivision,
        tasks: [String] = ["text-to-image", "image-to-image"]
    ) throws {
        for task in tasks {
            let verifier = try Verifier(
                model: model, reference: fixtures.appending(path: "\(checkpoint)-\(task).safetensors"), device: group.main, diffusion: group,
                dividing: division, precision: group.main.cacheType == .f32 ? .f32 : .bf16)
            let verdicts = verifier.run(only: ["diffusion"])
            #expect(verdicts.contains { $0.outcome == .holds }, "nothing of \(task) was compared")
            for verdict in verdicts where verdict.outcome == .fails {
                Issue.record("\(task), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
            }
        }
    }

    @Test(
        "what diffusion computes holds when passes are divided among two cards and among four", arguments: [2, 4],
        PassDivision.allCases.flatMap { division in Precision.allCases.map { (division, $0) } })
    func holds(ranks: Int, form: (division: PassDivision, precision: Precision)) async {
        await #expect(processExitsWith: .success) { [ranks, division = form.division as PassDivision, precision = form.precision as Precision] in
            try GroupTests.install(["STRESS": "5"])
            // An edit has all that a picture without sources has.
            let tasks = ranks == 4 ? ["image-to-image"] : LongTests.areEnabled ? ["text-to-image", "image-to-image"] : ["text-to-image"]
            try GroupTests.verify(
                ModelFolder(GroupTests.model), "glm-tiny", GroupTests.group(1, of: ranks, precision: precision), division, tasks: tasks)
        }
    }

    @Test("a transformer that is divided by weights holds with composed operators, too")
    func composed() async {
        await #expect(processExitsWith: .success) {
            try GroupTests.install()
            try GroupTests.verify(ModelFolder(GroupTests.model), "glm-tiny", GroupTests.group(1, of: 2, fused: .none), .tensorParallel)
        }
    }

    @Test("a model with int8 weights holds with its transformer divided among two cards, by the tolerance of int8")
    func quantized() async {
        await #expect(processExitsWith: .success) {
            try GroupTests.install()
            let output = FileManager.default.temporaryDirectory.appending(path: "glm-int8-\(UUID().uuidString)", directoryHint: .isDirectory)
            defer { try? FileManager.default.removeItem(at: output) }
            _ = try CheckpointQuantizer(model: try Fixture.model("tiny-bf16-sharded"), output: output).run()
            try GroupTests.verify(ModelFolder(output), "tiny-bf16-sharded", GroupTests.group(1, of: 2), .tensorParallel)
        }
    }

    @Test("two sides of guidance, of two cards each, draw a picture, and the same again", arguments: PassDivision.allCases)
    func sides(division: PassDivision) async {
        await #expect(processExitsWith: .success) { [division] in
            try GroupTests.install()
            let renderer = try ImageRenderer(model: ModelFolder(GroupTests.model), devices: GroupTests.group(2, of: 2), dividing: division)
            let picture = try renderer.render(GroupTests.request(), onStep: { _ in })
            #expect(try renderer.render(GroupTests.request(), onStep: { _ in }) == picture)
        }
    }

    @Test(
        "where each card has a part of the transformer, its weights and its passes take what is counted for it",
        arguments: [("tiny-bf16-sharded", 2), (Fixture.glmTiny, 4)])
    func memory(form: (checkpoint: String, ranks: Int)) async {
        await #expect(processExitsWith: .success) { [ranks = form.ranks as Int, checkpoint = form.checkpoint as String] in
            try GroupTests.install()
            let folder = try Fixture.model(checkpoint), weights = try CheckpointWeights(folder), configurations = try ImageConfigurations(folder)
            let cards = try GroupTests.group(1, of: ranks).sides[0], devices = cards.map { MeteredDevice($0.device) }
            let group = DeviceGroup(sides: [zip(devices, cards).map { DeviceGroup.Rank($0, $1.communicator) }])
            let renderer = try ImageRenderer(model: folder, devices: group, dividing: .tensorParallel)
            let footprint = TransformerFootprint(
                configurations.transformer, elementBytes: 2, activationBytes: weights.part(.transformer).activationBytes(.bf16),
                share: TransformerShare(.tensorParallel, ranks: ranks))
            // The first also has what encodes glyphs and decodes latents.
            for (rank, device) in devices.enumerated().dropFirst() {
                let counted = weights.transformer(rank: rank, of: ranks).acceleratorBytes(.bf16) + footprint.constant
                #expect(device.memory.live == counted, "rank \(rank)")
            }
            let request = try GroupTests.request(), image = configurations.tokens(pixels: 64 * 96)
            let text = renderer.glyphTokens(request.prompt), empty = renderer.glyphTokens("")
            let before = devices.map { device in
                device.memory.resetPeak()
                return device.memory.live
            }
            _ = try renderer.render(request, onStep: { _ in })
            let counted = footprint.denoising(image: image, text: text, sources: 0, unconditional: empty)
            let glyphs = GlyphFootprint(configurations.glyph).embeddings(rows: text + empty)
            for (device, live) in zip(devices, before).dropFirst() {
                #expect((counted...counted + glyphs).contains(device.memory.peak - live), "\(device.memory.peak - live) of \(counted)")
            }
        }
    }

    @Test(
        "a rank whose card is lost, or whose kernel hangs, ends the picture within the time-out, with the name of a card",
        arguments: ["lost@%:507010", "stuck@%"], PassDivision.allCases)
    func lost(fault: String, division: PassDivision) async {
        await #expect(processExitsWith: .success) { [fault, division] in
            try GroupTests.install(["FAULT": fault.replacing("%", with: "\(2 * FaultTests.afterStart)")])
            let renderer = try ImageRenderer(
                model: ModelFolder(GroupTests.model), devices: GroupTests.group(1, of: 2, timeout: 5), dividing: division)
            let start = ContinuousClock.now
            #expect {
                _ = try renderer.render(GroupTests.request(steps: 100), onStep: { _ in })
            } throws: { error in
                guard let error = error as? DeviceError else { return false }
                return error.kind == .lost && (error.message.hasPrefix("npu:0") || error.message.hasPrefix("npu:1"))
            }
            #expect(ContinuousClock.now - start < .seconds(120))
            // Nothing can be freed on a card that hangs.
            _ = Unmanaged.passRetained(renderer)
        }
    }

    @Test("a card that does not reach the others when they connect ends the start within the time-out, with its name")
    func apart() async {
        await #expect(processExitsWith: .success) {
            try GroupTests.install(["FAULT": "apart:1"])
            let devices = try (0..<3).map { try AscendDevice($0, timeout: 60) }
            #expect {
                _ = try AscendCommunicator.group(devices, timeout: 1)
            } throws: { error in
                (error as? DeviceError)?.message == "npu:1: not connected with the others within 1 seconds"
            }
        }
    }

    @Test("a process without HCCL computes on one card, and says why it can't on two")
    func missing() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(leavingOut: ["libhccl.so"], settings: ["DEVICES": "2"])
            let devices = try (0..<2).map { try AscendDevice($0, timeout: 60) }
            #expect {
                _ = try AscendCommunicator.group(devices)
            } throws: { error in
                guard let error = error as? DeviceError else { return false }
                return error.kind == .unavailable && error.message.contains("libhccl.so")
            }
        }
        // One that is there and is no library is told of by its path, not as absent.
        await #expect(processExitsWith: .success) {
            try StandIn.install(leavingOut: ["libhccl.so"], settings: ["DEVICES": "2"])
            let path = String(cString: getenv("ASCEND_HOME_PATH")) + "/lib64/libhccl.so"
            try Data("nothing".utf8).write(to: URL(filePath: path))
            let devices = try (0..<2).map { try AscendDevice($0, timeout: 60) }
            #expect {
                _ = try AscendCommunicator.group(devices)
            } throws: { error in
                (error as? DeviceError)?.message.contains("\(path): ") ?? false
            }
        }
    }

    @Test(
        "a request that is cancelled ends all ranks behind the same collective, and the next picture is the same as before",
        arguments: PassDivision.allCases)
    func cancelled(division: PassDivision) async {
        await #expect(processExitsWith: .success) { [division] in
            struct Left: Error {}
            try GroupTests.install()
            let renderer = try ImageRenderer(model: ModelFolder(GroupTests.model), devices: GroupTests.group(1, of: 4), dividing: division)
            let before = try renderer.render(GroupTests.request(), onStep: { _ in })
            for last in [1, 3, 6] {
                var checks = 0
                #expect(throws: Left.self) {
                    try renderer.render(
                        GroupTests.request(),
                        checkCancellation: {
                            checks += 1
                            if checks == last { throw Left() }
                        }, onStep: { _ in })
                }
            }
            #expect(try renderer.render(GroupTests.request(), onStep: { _ in }) == before)
        }
    }
}
