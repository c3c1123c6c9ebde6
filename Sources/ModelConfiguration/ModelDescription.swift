public import Checkpoint
package import Domain
public import Foundation

/// A checkpoint as far as its configurations and its weights' headers tell: what memory and work follow from.
public struct ModelDescription: Sendable {
    /// The folder's path.
    public let path: String
    package let text: TextConfiguration
    package let vision: VisionConfiguration
    package let quantizer: QuantizerConfiguration
    package let glyph: GlyphConfiguration
    package let transformer: TransformerConfiguration
    package let vae: VAEConfiguration
    package let weights: [StageKind: WeightCount]
    /// The diffusion transformer's share of the diffusion stage's weights.
    package let transformerWeights: WeightCount
    /// Floats that the CPU's packed copies of the VAE's convolutions take at most.
    package let packedConvolutionFloats: Int

    /// - Throws: `CheckpointError` or `GLMImageError`, naming the file and the key or tensor.
    public init(_ folder: ModelFolder) throws {
        path = folder.url.standardizedFileURL.path
        let encoder = try VisionLanguageConfiguration.load(folder)
        (text, vision, quantizer) = (encoder.text, encoder.vision, encoder.quantizer)
        glyph = try GlyphConfiguration.load(folder)
        transformer = try TransformerConfiguration.load(folder)
        vae = try VAEConfiguration.load(folder)

        var weights: [StageKind: WeightCount] = [:]
        var byPart: [CheckpointPart: WeightCount] = [:]
        var packed = 0
        for part in CheckpointPart.allCases {
            let entries = try folder.weights(part.rawValue).entries.map(\.tensor)
            let names = Set(entries.map(\.name))
            for tensor in entries {
                let form = part.form(of: tensor, among: names)
                weights[part.stage(of: tensor.name), default: WeightCount()].add(tensor, form)
                byPart[part, default: WeightCount()].add(tensor, form)
                if part == .vae, tensor.shape.count == 4 { packed += PackedConvolution(tensor).floats }
            }
        }
        self.weights = weights
        transformerWeights = byPart[.transformer] ?? WeightCount()
        packedConvolutionFloats = packed
    }

    public init(_ url: URL) throws { try self.init(ModelFolder(url)) }

    /// Tokens of the diffusion transformer for a picture of `pixels`.
    package func tokens(pixels: Int) -> Int {
        let side = vae.scale * transformer.patchSize
        return pixels / (side * side)
    }

    /// Bytes of weights in the files, by the stage that holds them.
    package func fileBytes(_ kind: StageKind) -> Int { weights[kind]?.fileBytes ?? 0 }
}
