import Checkpoint
import Foundation
import GLMImage
import Tensor
import TensorAscend
import Testing

extension OnDevice {
    @Suite struct VerifierTests {
        @Test("every part of the model holds on every fixture, by the tolerance of its precision",
            arguments: Variant.allCases, ["tiny-f32", "tiny-bf16-sharded", "tiny-mixed"])
        func holds(variant: Variant, checkpoint: String) throws {
            for task in ["text-to-image", "image-to-image"] {
                let verdicts = try verdicts(on: try variant.device, precision: variant == .f32 ? .exact : .reduced, checkpoint: checkpoint, task: task)
                for verdict in verdicts where verdict.outcome == .fails {
                    Issue.record("\(task), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
                }
                #expect(verdicts.count { $0.outcome == .holds } >= (task == "text-to-image" ? 14 : 19))
            }
        }
    }
}

/// Every row of a reference file under `Tests/Fixtures`.
func verdicts(on device: any Device, precision: VerificationPrecision, checkpoint: String, task: String) throws -> [Verdict] {
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
    return try Verifier(
        model: ModelFolder(fixtures.appending(path: checkpoint, directoryHint: .isDirectory)),
        reference: fixtures.appending(path: "\(checkpoint)-\(task).safetensors"), device: device, precision: precision
    ).run()
}
