import Domain
import Checkpoint
import Foundation
import ModelTools
import Tensor
import TensorAscend
import TestSupport
import Testing

/// Checkpoints that every device must hold on. What sets variants and chips apart shows on the smallest; the others pass in what a card
/// runs by default, and in all of them with `GLM_LONG=1`.
private let smallest = "tiny-mixed"
private let others = ["tiny-f32", "tiny-bf16-sharded"]

extension OnDevice {
    @Suite struct VerifierTests {
        private static let cases =
            Variant.allCases.map { ($0, smallest) }
            + others.flatMap { name in (LongTests.areEnabled ? Variant.allCases : [.bf16]).map { ($0, name) } }

        @Test("every part of the model holds on every fixture, by the tolerance of its precision", arguments: cases)
        func holds(variant: Variant, checkpoint: String) throws {
            try expectHolds(on: try variant.device, precision: variant == .f32 ? .f32 : .bf16, checkpoint: checkpoint)
        }
    }
}

/// Another chip is another process: the stand-in reads its settings once.
@Suite struct A3VerifierTests {
    @Test("on A3, too, every part of the model holds", arguments: Precision.allCases.map(\.rawValue))
    func holds(precision: String) async {
        await #expect(processExitsWith: .success) { [precision] in
            try StandIn.install(settings: ["SOC": "Ascend910_9391"])
            let device = try AscendDevice(0, precision: try #require(.init(rawValue: precision)), timeout: 60)
            #expect(device.information.chip == "Ascend910_9391" && device.fallbacks.isEmpty)
            for checkpoint in [smallest] + (LongTests.areEnabled ? others : []) {
                try expectHolds(on: device, precision: precision == "f32" ? .f32 : .bf16, checkpoint: checkpoint)
            }
        }
    }
}

private func expectHolds(on device: AscendDevice, precision: Precision, checkpoint: String) throws {
    for task in ["text-to-image", "image-to-image"] {
        let verdicts = try verdicts(on: device, precision: precision, checkpoint: checkpoint, task: task)
        for verdict in verdicts where verdict.outcome == .fails {
            Issue.record("\(checkpoint), \(task), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
        }
        #expect(verdicts.count { $0.outcome == .holds } >= (task == "text-to-image" ? 14 : 19))
    }
}

/// Every row of a reference file under `Tests/Fixtures`.
/// - Parameter model: what was made from the checkpoint; nil: itself.
func verdicts(on device: any Device, precision: Precision, checkpoint: String, task: String, model: ModelFolder? = nil) throws -> [Verdict] {
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
    return try Verifier(
        model: model ?? ModelFolder(fixtures.appending(path: checkpoint, directoryHint: .isDirectory)),
        reference: fixtures.appending(path: "\(checkpoint)-\(task).safetensors"), device: device, precision: precision
    ).run()
}
