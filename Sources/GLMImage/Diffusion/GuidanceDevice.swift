import ModelConfiguration
import Checkpoint
import Tensor

/// A second device that computes the unconditional side of guidance while the first computes the other: its own copy of the
/// transformer, and the thread that drives it.
///
/// Guidance asks for two passes a step that know nothing of each other; what crosses is one picture's latents a step.
final class GuidanceDevice {
    let thread = SideThread(name: "guidance")
    let transformer: DiffusionTransformer
    private let device: any Device

    init(_ model: ModelFolder, _ device: any Device) throws {
        self.device = device
        transformer = try thread.run {
            let transformer = try DiffusionTransformer(model, on: device)
            // A device that is too small for it says so now.
            try device.synchronize()
            return transformer
        }
    }

    func releaseUnusedMemory() throws { try thread.run(device.releaseUnusedMemory) }

    /// Prepares its side of a picture.
    /// - Parameter glyphs: the embedding of an empty string, `[text, textSize]`, row by row.
    func side(_ picture: DenoisingSide.Picture, glyphs: [Float]) throws -> DenoisingSide {
        try thread.run {
            let columns = transformer.configuration.textEmbeddingSize
            let text = transformer.projectGlyphs(device.makeTensor(glyphs, Shape(glyphs.count / columns, columns)))
            return DenoisingSide(transformer, picture, maximumText: text.rows, cachedRows: 0) {
                DiffusionTransformer.Branch(text: text, prior: transformer.projectPrior(picture.codes, dropped: true), cache: .none)
            }
        }
    }
}
