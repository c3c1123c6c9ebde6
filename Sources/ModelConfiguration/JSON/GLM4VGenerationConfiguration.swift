package import Checkpoint
import Domain
import Foundation

/// `generation_config.json` of a question model: how tokens are drawn unless the request says otherwise, and which end an answer.
package struct GLM4VGenerationConfiguration: Decodable, Sendable {
    package let samples: Bool
    package let temperature: Float
    package let topP: Float
    /// 0 is off.
    package let topK: Int
    package let repetitionPenalty: Float
    /// Tokens that end an answer: the file's, else those of the text part.
    package private(set) var endTokenIDs: [Int]

    enum CodingKeys: String, CodingKey {
        case samples = "do_sample"
        case temperature
        case topP = "top_p"
        case topK = "top_k"
        case repetitionPenalty = "repetition_penalty"
        case endTokenIDs = "eos_token_id"
    }

    /// Absent keys take the values of transformers' `GenerationConfig`.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        samples = try values.value(.samples, default: false)
        temperature = try values.value(.temperature, default: 1)
        topP = try values.value(.topP, default: 1)
        topK = try values.value(.topK, default: 50)
        repetitionPenalty = try values.value(.repetitionPenalty, default: 1)
        endTokenIDs = try values.tokenIDs(.endTokenIDs) ?? []
        func check<T: Comparable>(_ value: T, in range: ClosedRange<T>, _ key: CodingKeys) throws {
            try values.check(range.contains(value), key, "\(value) is outside \(range.lowerBound) through \(range.upperBound)")
        }
        try check(temperature, in: AnswerLimits.temperature, .temperature)
        try check(topP, in: AnswerLimits.topP, .topP)
        try check(topK, in: 0...AnswerLimits.topK.upperBound, .topK)
        try check(repetitionPenalty, in: AnswerLimits.repetitionPenalty, .repetitionPenalty)
    }

    /// A checkpoint without the file draws as transformers would: by the defaults.
    /// - Parameter text: the text part of the same checkpoint.
    package static func load(_ model: ModelFolder, text: GLM4VTextConfiguration) throws -> GLM4VGenerationConfiguration {
        let file = "generation_config.json"
        let exists = FileManager.default.fileExists(atPath: model.url.appending(path: file).path)
        var values =
            exists
            ? try model.configuration(GLM4VGenerationConfiguration.self, file)
            : try JSONDecoder().decode(GLM4VGenerationConfiguration.self, from: Data("{}".utf8))
        if values.endTokenIDs.isEmpty { values.endTokenIDs = text.endTokenIDs }
        if let id = values.endTokenIDs.first(where: { !(0..<text.vocabularySize).contains($0) }) {
            throw GLMImageError(.unsupportedModel, "\(file): eos_token_id \(id) is outside the \(text.vocabularySize) ids of vocab_size")
        }
        return values
    }
}
