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
    /// Passes that one stage may compute at the same time, each on devices of its own: the branches of guidance.
    public let mostSides: Int
    /// How it can divide a pass among several devices, in one of these ways at a time.
    public let divisions: [PassDivision]
    public let options: Set<Option>

    /// How many devices one stage may compute on together where each pass takes so many, ascending.
    public func deviceCounts(ranks: Int) -> [Int] { (1...mostSides).map { $0 * ranks } }
}

extension StageKind {
    public var descriptor: StageDescriptor {
        switch self {
        case .vision:
            StageDescriptor(
                program: "glm-vision", unit: "source images", needsSources: true, scalesWithCards: false, mostSides: 1, divisions: [],
                options: [])
        case .text:
            StageDescriptor(
                program: "glm-text", unit: "tokens", needsSources: false, scalesWithCards: true, mostSides: 1, divisions: [.tensorParallel],
                options: [.batch, .speculation])
        case .diffusion:
            StageDescriptor(
                program: "glm-diffusion", unit: "steps", needsSources: false, scalesWithCards: true, mostSides: 2,
                divisions: [.ulysses, .tensorParallel],
                options: [.vaeTiling, .stepCache])
        }
    }
}
