import Checkpoint

/// The request that predictions are made for.
enum ReferenceRequest {
    static let steps = 50
    /// Of its image, in pixels.
    static let side = 1024
    static let answerTokens = 256
}

extension ModelPipeline {
    /// What its requests make.
    var result: String {
        switch self {
        case .image: "an image"
        case .answer: "an answer"
        }
    }

    /// The request that predictions are made for.
    var reference: String {
        let side = ReferenceRequest.side
        return switch self {
        case .image: "an image of \(side)x\(side) with \(ReferenceRequest.steps) steps"
        case .answer: "an answer of \(ReferenceRequest.answerTokens) tokens about an image of \(side)x\(side)"
        }
    }
}
