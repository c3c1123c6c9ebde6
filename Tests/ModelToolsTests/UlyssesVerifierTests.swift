import Checkpoint
import Domain
import Foundation
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import Testing

/// The diffusion part of the reference implementation's files, its passes divided among ranks of the CPU.
@Suite struct UlyssesVerifierTests {
    @Test(
        "what the reference computes holds on two ranks and on four, in f32 and in bf16",
        arguments: [2, 4], [("text-to-image", Precision.f32), ("image-to-image", .f32), ("image-to-image", .bf16)])
    func holds(degree: Int, form: (task: String, precision: Precision)) throws {
        let (task, precision) = form
        let ranks = CPUCommunicator.group(degree, timeout: 60).map { DeviceGroup.Rank(CPUDevice(threads: 1, precision: precision), $0) }
        let verifier = try Verifier(
            model: Fixture.model(Fixture.glmTiny), reference: Fixture.reference(Fixture.glmTiny, task), device: ranks[0].device,
            diffusion: DeviceGroup(sides: [ranks]), precision: precision)
        let verdicts = verifier.run()
        for verdict in verdicts where verdict.outcome == .fails {
            Issue.record("\(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
        }
        #expect(verdicts.count { $0.outcome == .holds } >= (task == "text-to-image" ? 14 : 19))
    }

    @Test("a checkpoint of two heads holds on two ranks", arguments: Fixture.checkpoints)
    func twoHeads(checkpoint: String) throws {
        let ranks = CPUCommunicator.group(2, timeout: 60).map { DeviceGroup.Rank(CPUDevice(threads: 1), $0) }
        let verifier = try Verifier(
            model: Fixture.model(checkpoint), reference: Fixture.reference(checkpoint, "image-to-image"), device: ranks[0].device,
            diffusion: DeviceGroup(sides: [ranks]), precision: .f32)
        #expect(verifier.run().filter { $0.outcome == .fails }.map(\.name).isEmpty)
    }
}
