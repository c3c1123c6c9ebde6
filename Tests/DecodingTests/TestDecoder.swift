import Checkpoint
import Decoding
import Domain
import GLMImage
import Layers
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import TestSupport

/// A small random decoder, and what it embeds ids by.
enum TestDecoder {
    /// What this machine computes in.
    static let precisions = Precision.allCases.filter { CPUDevice(threads: 1, precision: $0).precision == $0 }

    /// The text model of a fixture, with the rotation of `style`.
    static func make(_ precision: Precision = .f32, style: RotaryStyle = .interleaved, checkpoint: String = "tiny-f32") throws -> TokenDecoder {
        let model = try Fixture.model(checkpoint)
        let device = CPUDevice(threads: 1, precision: precision)
        var configuration = try TextGenerator(model: model, device: device).decoder.configuration
        configuration.rotary.style = style
        let weights = WeightScope(map: try model.weights("vision_language_encoder"), device: device)
        return try TokenDecoder(
            weights.scope("model.language_model"),
            head: weights.linear("lm_head", from: configuration.hiddenSize, to: configuration.outputSize, bias: false), configuration)
    }

    /// - Parameter speculativeTokens: as many are guessed, since all passes seem to take the same time.
    static func batch(_ decoder: TokenDecoder, size: Int, pages: Int = 200, speculativeTokens: Int = 0) -> TokenBatch {
        TokenBatch(
            decoder, size: size, cacheBytes: pages * DecoderSizes.pageRows * decoder.cacheBytesPerToken,
            sampledIDs: decoder.configuration.outputSize, speculativeTokens: speculativeTokens,
            clock: TickingClock())
    }

    /// The embedding table as it is stored, `[vocabulary, hidden]`.
    static func embeddings(_ checkpoint: String, _ configuration: DecoderConfiguration) throws -> Tensor {
        try Fixture.model(checkpoint).weights("vision_language_encoder").take(
            "model.language_model.embed_tokens.weight", Shape(configuration.vocabularySize, configuration.hiddenSize))
    }
}
