import Checkpoint
import Domain
import Foundation
import GLM4V
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// What the stages of a question model hold of its weights, metered, against what `ModelConfiguration` counts and the planner places by.
@Suite struct WeightFootprintTests {
    @Test("each stage maps and copies just its weights", arguments: Fixture.answerCheckpoints)
    func weights(checkpoint: String) throws {
        let folder = try Fixture.model(checkpoint)
        let weights = try CheckpointWeights(folder)
        let (vision, text) = (MeteredDevice(CPUDevice(threads: 1)), MeteredDevice(CPUDevice(threads: 1)))
        let models: [any AnyObject] = [try PictureEncoder(model: folder, device: vision), try AnswerGenerator(model: folder, device: text)]
        withExtendedLifetime(models) {
            for (kind, device) in [(StageKind.vision, vision), (.text, text)] {
                #expect(device.memory.mapped == weights.stage(kind).mappedBytes, "\(kind)")
                #expect(device.memory.live == weights.stage(kind).deviceCopyBytes, "\(kind)")
            }
        }
    }

    @Test("a stage loads from a folder that holds what it reads alone, and has the fingerprint of the whole folder's")
    func parts() throws {
        let whole = try Fixture.model("tiny-answer-f32")
        try Fixture.withCopy(of: "tiny-answer-f32") { copy in
            for name in StageKind.vision.unreadTexts(of: .answer) { try? FileManager.default.removeItem(at: copy.appending(path: name)) }
            let model = try ModelFolder(copy)
            _ = try PictureEncoder(model: model, device: CPUDevice(threads: 1))
            #expect(try model.fingerprint(.vision) == whole.fingerprint(.vision))
            #expect(try model.fingerprint(.text) != whole.fingerprint(.text))
        }
    }
}
