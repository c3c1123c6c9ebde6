import Domain
import Wire

/// What `glm ask --json` tells of an answer.
struct AnswerReport: Encodable {
    struct Box: Encodable {
        /// Left, top, right, bottom: 0 to 1000 of the image's width or height.
        let coordinates: [Int]
        /// The same in pixels; empty where several images were asked about.
        let pixels: [Int]
    }

    struct Usage: Encodable {
        let promptTokens, cachedTokens, imageTokens, completionTokens, reasoningTokens: Int
    }

    let text, reasoning, finishReason: String
    let boxes: [Box]
    let usage: Usage
    let seed: UInt64
    let model, modelFingerprint, build, requestID: String
    let timings: [Phase]
    let numerics: [Computing]

    init(_ answer: Answer, requestID: String) {
        text = answer.text
        reasoning = answer.reasoning
        finishReason = answer.finish.rawValue
        boxes = answer.boxes.map { Box(coordinates: $0.coordinates, pixels: $0.pixels) }
        usage = Usage(
            promptTokens: answer.usage.promptTokens, cachedTokens: answer.usage.cachedTokens, imageTokens: answer.usage.imageTokens,
            completionTokens: answer.usage.completionTokens, reasoningTokens: answer.usage.reasoningTokens)
        seed = answer.parameters.seed
        model = answer.modelName
        modelFingerprint = answer.modelFingerprint
        build = answer.build
        self.requestID = requestID
        timings = answer.timings.map(Phase.init)
        numerics = answer.numerics.map(Computing.init)
    }
}
