package import Checkpoint

/// What the files of a GLM-Image say of its parts.
package struct ImageConfigurations: Sendable {
    package let text: TextConfiguration
    package let vision: VisionConfiguration
    package let quantizer: QuantizerConfiguration
    package let glyph: GlyphConfiguration
    package let transformer: TransformerConfiguration
    package let vae: VAEConfiguration

    /// - Throws: `CheckpointError`, naming the file and the key.
    package init(_ folder: ModelFolder) throws {
        let encoder = try VisionLanguageConfiguration.load(folder)
        (text, vision, quantizer) = (encoder.text, encoder.vision, encoder.quantizer)
        glyph = try GlyphConfiguration.load(folder)
        transformer = try TransformerConfiguration.load(folder)
        vae = try VAEConfiguration.load(folder)
    }

    /// Tokens of the diffusion transformer for a picture of `pixels`.
    package func tokens(pixels: Int) -> Int {
        let side = vae.scale * transformer.patchSize
        return pixels / (side * side)
    }
}
