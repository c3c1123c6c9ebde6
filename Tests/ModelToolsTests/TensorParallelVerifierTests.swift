import Checkpoint
import Domain
import Foundation
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import Testing

/// The text and diffusion parts of the reference implementation's files, their passes divided among ranks of the CPU.
@Suite struct TensorParallelVerifierTests {
    @Test(
        "what the reference computes holds on two ranks and on four, in f32 and in bf16",
        arguments: [
            (Fixture.glmTiny, "image-to-image", 2), (Fixture.glmTiny, "image-to-image", 4), ("tiny-bf16-sharded", "image-to-image", 4),
            ("tiny-mixed", "image-to-image", 2), ("tiny-answer-f32", "image", 2), ("tiny-answer-bf16-sharded", "image", 4),
        ], Precision.allCases)
    func holds(file: (checkpoint: String, task: String, ranks: Int), precision: Precision) throws {
        let ranks = CPUCommunicator.group(file.ranks, timeout: 60).map { DeviceGroup.Rank(CPUDevice(threads: 1, precision: precision), $0) }
        let verifier = try Verifier(
            model: Fixture.model(file.checkpoint), reference: Fixture.reference(file.checkpoint, file.task), device: ranks[0].device,
            text: DeviceGroup(sides: [ranks]), precision: precision)
        expectHolds(verifier, row: "text.greedy_ids")
    }

    @Test(
        "the transformer on two ranks and on four, also where the decoder is on the same ranks, in f32 and in bf16",
        arguments: [(Fixture.glmTiny, 2), (Fixture.glmTiny, 4)] + Fixture.checkpoints.map { ($0, 2) }, Precision.allCases)
    func transformer(file: (checkpoint: String, ranks: Int), precision: Precision) throws {
        try expectTransformerHolds(Fixture.model(file.checkpoint), file.checkpoint, ranks: file.ranks, precision)
    }

    @Test("so do int8 weights of both, by the tolerance of int8, however the processor multiplies them", arguments: Precision.allCases)
    func quantized(precision: Precision) throws {
        let output = FileManager.default.temporaryDirectory.appending(path: "glm-int8-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: output) }
        _ = try CheckpointQuantizer(model: try Fixture.model("tiny-bf16-sharded"), output: output).run()
        try expectTransformerHolds(ModelFolder(output), "tiny-bf16-sharded", ranks: 2, precision)
        try expectTransformerHolds(ModelFolder(output), "tiny-bf16-sharded", ranks: 2, precision) { $0.useInt8() }
    }

    /// - Parameters:
    ///   - checkpoint: whose reference file it is.
    ///   - prepare: each rank's device.
    private func expectTransformerHolds(
        _ model: ModelFolder, _ checkpoint: String, ranks: Int, _ precision: Precision, prepare: (CPUDevice) -> Void = { _ in }
    ) throws {
        let side = CPUCommunicator.group(ranks, timeout: 60).map { communicator in
            let device = CPUDevice(threads: 1, precision: precision)
            prepare(device)
            return DeviceGroup.Rank(device, communicator)
        }
        let group = DeviceGroup(sides: [side])
        let verifier = try Verifier(
            model: model, reference: Fixture.reference(checkpoint, "image-to-image"), device: group.main, diffusion: group,
            dividing: .tensorParallel, text: group, precision: precision)
        expectHolds(verifier, row: "diffusion.final_latents")
    }

    private func expectHolds(_ verifier: Verifier, row: String) {
        let verdicts = verifier.run()
        for verdict in verdicts where verdict.outcome == .fails {
            Issue.record("\(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
        }
        #expect(verdicts.contains { $0.name == row && $0.outcome == .holds })
    }
}
