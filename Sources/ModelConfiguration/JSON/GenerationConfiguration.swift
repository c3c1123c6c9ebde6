package import Checkpoint
import Domain
import Foundation

/// `vision_language_encoder/generation_config.json`: how tokens are drawn unless the request says otherwise.
package struct GenerationConfiguration: Decodable {
    package let samples: Bool
    package let temperature: Float
    package let topP: Float
    package let topK: Int

    enum CodingKeys: String, CodingKey {
        case samples = "do_sample"
        case temperature
        case topP = "top_p"
        case topK = "top_k"
    }

    /// Absent keys take the values of transformers' `GenerationConfig`; `do_sample` is true, as the pipeline always passes it.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        samples = try values.value(.samples, default: true)
        temperature = try values.value(.temperature, default: 1)
        topP = try values.value(.topP, default: 1)
        topK = try values.value(.topK, default: 50)
        // 0 is how transformers leaves top_k off.
        let ranges = (temperature: RequestLimits.temperature, topP: RequestLimits.topP, topK: 0...RequestLimits.topK.upperBound)
        try values.check(ranges.temperature.contains(temperature), .temperature, "\(temperature) is outside \(ranges.temperature)")
        try values.check(ranges.topP.contains(topP), .topP, "\(topP) is outside \(ranges.topP)")
        try values.check(ranges.topK.contains(topK), .topK, "\(topK) is outside \(ranges.topK)")
    }

    /// A checkpoint without the file draws as transformers would: by the defaults.
    package static func load(_ model: ModelFolder) throws -> GenerationConfiguration {
        let path = "vision_language_encoder/generation_config.json"
        guard FileManager.default.fileExists(atPath: model.url.appending(path: path).path) else {
            return try JSONDecoder().decode(GenerationConfiguration.self, from: Data("{}".utf8))
        }
        return try model.configuration(GenerationConfiguration.self, path)
    }
}
