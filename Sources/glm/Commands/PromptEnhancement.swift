import Domain
import Foundation
import ServerKit
import Wire

/// A short prompt, rewritten by the fleet's question model into a detailed one: GLM-Image was trained on long descriptions, and its authors
/// advise to have a language model write them.
enum PromptEnhancement {
    private static let instructions = """
        You write prompts for an image generator. Rewrite the user's request as one detailed description of a single image: every subject with \
        its look and place, the background, composition, light, colours, style and mood. Keep everything that the request states. Words that the \
        image shows stand in double quotes, letter by letter as in the request; add no others. Write in the language of the request. Answer with \
        the description alone.
        """
    /// Room for a description, and for thoughts before it.
    private static let maxTokens = 2048

    /// - Parameter seed: of the image; the same request is rewritten to the same prompt.
    /// - Throws: `ClientError`, also for an answer that is no prompt.
    static func rewrite(_ prompt: String, seed: UInt64, by model: String, at gateway: RunningGateway) async throws -> String {
        let options = AnswerOptions(maxTokens: maxTokens, seed: seed)
        let request = AnswerQuestionRequest(
            messages: [ChatMessage(.system, instructions), ChatMessage(.user, prompt)], model: model, parameters: options)
        let answer = try await gateway.calling {
            try await GatewayClient($0).answer(request, CallSettings(requestID: RequestID.make())) { _ in }
        }
        let rewritten = answer.text.trimmingCharacters(in: .whitespacesAndNewlines)
        do throws(RequestError) { try RequestLimits.checkPrompt(rewritten) } catch {
            throw ClientError("--enhance: the answer of model \(answer.modelName) is no prompt: \(error.message)")
        }
        return rewritten
    }
}
