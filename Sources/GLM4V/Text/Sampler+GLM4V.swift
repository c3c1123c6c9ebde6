import Decoding
import Domain
import ModelConfiguration
import Tensor

extension Sampler {
    /// The checkpoint's way to sample, but for what the request sets itself.
    /// - Parameter excluded: ids that no token has.
    init(_ checkpoint: GLM4VGenerationConfiguration, _ parameters: AnswerParameters, excluded: [Int32]) {
        let options = parameters.options
        let temperature = options.temperature ?? (checkpoint.samples ? checkpoint.temperature : 0)
        self.init(
            SamplingParameters(
                temperature: temperature, topP: options.topP ?? checkpoint.topP, topK: options.topK ?? checkpoint.topK),
            greedy: temperature == 0, seed: parameters.seed,
            shaping: LogitShaping(
                minP: options.minP ?? 0, repetitionPenalty: options.repetitionPenalty ?? checkpoint.repetitionPenalty,
                presencePenalty: options.presencePenalty ?? 0, frequencyPenalty: options.frequencyPenalty ?? 0, logprobs: options.logprobs,
                excluded: excluded))
    }
}
