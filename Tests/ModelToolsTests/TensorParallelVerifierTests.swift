import Checkpoint
import Domain
import Foundation
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import Testing

/// The text part of the reference implementation's files, its passes divided among ranks of the CPU.
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
        let verdicts = verifier.run()
        for verdict in verdicts where verdict.outcome == .fails {
            Issue.record("\(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
        }
        #expect(verdicts.contains { $0.name == "text.greedy_ids" && $0.outcome == .holds })
    }
}
