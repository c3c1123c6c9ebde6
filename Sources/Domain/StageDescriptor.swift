/// What is the same for all stages of a kind. A new kind of stage is a case of ``StageKind`` and one of these.
public struct StageDescriptor: Sendable, Hashable {
    /// An ability that a topology may ask of some kinds of stages only.
    public enum Option: Sendable, Hashable {
        /// Works on several sequences together: `batch`.
        case batch
        /// Guesses codes that a pass then confirms: `speculative_tokens`.
        case speculation
        /// Takes large images through the VAE in tiles: `vae_tiling`.
        case vaeTiling
        /// Lets requests skip work in some denoising steps: `step_cache`.
        case stepCache
    }

    /// The program that is such a stage.
    public let program: String
    /// What its work is counted in, for messages: `tokens`.
    public let unit: String
    /// Only requests with source images need it.
    public let needsSources: Bool
    /// Without a number in the topology there are as many as the cards take and the balance of the stages asks for; else one.
    public let scalesWithCards: Bool
    /// Devices that one stage may compute on together, the main one among them.
    public let mostDevices: Int
    public let options: Set<Option>
}

extension StageKind {
    public var descriptor: StageDescriptor {
        switch self {
        case .vision:
            StageDescriptor(
                program: "glm-vision", unit: "source images", needsSources: true, scalesWithCards: false, mostDevices: 1, options: [])
        case .text:
            StageDescriptor(
                program: "glm-text", unit: "tokens", needsSources: false, scalesWithCards: true, mostDevices: 1, options: [.batch, .speculation])
        case .diffusion:
            StageDescriptor(
                program: "glm-diffusion", unit: "steps", needsSources: false, scalesWithCards: true, mostDevices: 2,
                options: [.vaeTiling, .stepCache])
        }
    }
}
