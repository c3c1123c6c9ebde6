import Decoding
import ModelConfiguration
import Domain
import Tensor

extension Sampler {
    /// The checkpoint's way to sample, but for what the request sets itself.
    init(_ configuration: GenerationConfiguration, _ override: Sampling, seed: UInt64) {
        self.init(
            SamplingParameters(
                temperature: override.temperature ?? configuration.temperature, topP: override.topP ?? configuration.topP,
                topK: override.topK ?? configuration.topK),
            greedy: override.greedy || !configuration.samples, seed: seed)
    }
}
