import Checkpoint
import ModelConfiguration
import Tensor

/// A second device that computes the unconditional branch of guidance while the main device computes the conditional one: its own copy
/// of the transformer, and the thread that drives it.
///
/// Guidance needs two independent passes in each step; what the devices exchange is one image's latents in each step.
final class GuidanceReplica {
    let thread = DeviceThread(name: "guidance")
    let transformer: DiffusionTransformer
    private let device: any Device

    init(_ model: ModelFolder, _ device: any Device) throws {
        self.device = device
        transformer = try thread.run {
            let transformer = try DiffusionTransformer(model, on: device)
            // So that a device without enough memory reports it now.
            try device.synchronize()
            return transformer
        }
    }

    func releaseUnusedMemory() throws { try thread.run(device.releaseUnusedMemory) }

    /// Prepares the unconditional branch of a target.
    /// - Parameter glyphs: the embedding of an empty string, `[text, textEmbeddingSize]`, row by row.
    func branch(_ target: GuidanceBranch.Target, glyphs: [Float]) throws -> GuidanceBranch {
        try thread.run {
            let columns = transformer.configuration.textEmbeddingSize
            let text = transformer.projectGlyphs(device.makeTensor(glyphs, Shape(glyphs.count / columns, columns)))
            return GuidanceBranch(transformer, target, maximumText: text.rows, sourceRows: 0) {
                DiffusionTransformer.Conditioning(text: text, prior: transformer.projectPrior(target.codes, dropped: true), sources: .none)
            }
        }
    }
}
