import Domain
import Foundation
import ModelFixtures
import ModelTools
import Tensor
import TensorAscend
import TestSupport
import Testing

extension OnDevice {
    /// Question models, as ``VerifierTests`` has image models.
    @Suite struct AnswerVerifierTests {
        private static let smallest = "tiny-answer-f32"
        private static let cases =
            Variant.allCases.map { ($0, smallest) }
            + (LongTests.areEnabled ? Variant.allCases : [.f32, .bf16]).map { ($0, "tiny-answer-bf16-sharded") }

        @Test("every part of a question model holds on every fixture, by the tolerance of its precision", arguments: cases)
        func holds(variant: Variant, checkpoint: String) throws {
            for task in ["image", "turns"] {
                let verdicts = try verdicts(
                    on: variant.device, precision: variant == .f32 ? .f32 : .bf16, checkpoint: checkpoint, task: task)
                for verdict in verdicts where verdict.outcome == .fails {
                    Issue.record(
                        "\(checkpoint), \(task), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
                }
                #expect(verdicts.count { $0.outcome == .holds } >= 9)
            }
        }
    }
}
