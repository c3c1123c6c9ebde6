import Foundation

/// The most operators, and calls of the host, that parts of the models may take on a card: `deploy/ascend/launches.json`, from which
/// `estimate.py` calculates.
struct LaunchCounts: Decodable {
    let decoderLayer: Int
    /// Of a decoding step without its layers and without sampling.
    let stepBesideLayers: Int
    let sampling: Int
    let transformerBlock: Int
    /// Of a denoising step with one branch of guidance.
    let passBesideBlocks: Int
    /// Calls of the host for a decoding step and its samples.
    let callsOfReplayedStep: Int

    static func load() throws -> LaunchCounts {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(LaunchCounts.self, from: Data(contentsOf: root.appending(path: "deploy/ascend/launches.json")))
    }
}
