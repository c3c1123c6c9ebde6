import Domain
import Foundation
import Gateway
import Testing
import Wire

@Suite struct QuestionRulesTests {
    private static let rule = try! ImageSizeRule(cellSide: 28, frames: 2, minPixels: 12_544, maxPixels: 9_633_792)

    private static func image(_ name: String) throws -> [UInt8] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return [UInt8](try Data(contentsOf: tests.appendingPathComponent("Fixtures/images/\(name)")))
    }

    private func request(_ parts: [ChatMessage.Part], _ options: AnswerOptions = AnswerOptions()) -> AnswerQuestionRequest {
        AnswerQuestionRequest(messages: [ChatMessage(role: .user, parts: parts + [.text("what?")])], parameters: options)
    }

    private func validate(_ request: AnswerQuestionRequest, rule: ImageSizeRule? = rule, context: Int = 65_536) throws -> Question {
        try QuestionRules(imageRule: rule, contextTokens: context)
            .validate(request, QuestionRules.conversation(request), requestID: "r", seed: 11)
    }

    private func refusal(_ request: AnswerQuestionRequest, rule: ImageSizeRule? = rule, context: Int = 65_536) -> String? {
        let error = #expect(throws: CallError.self) { try validate(request, rule: rule, context: context) }
        #expect(error?.status == .invalidArgument)
        return error?.message
    }

    @Test("a question's seed is filled in; its images' sizes and tokens are known from their headers")
    func filled() throws {
        let question = try validate(request([.image(try Self.image("rgb.png"))], AnswerOptions(temperature: 0)))
        #expect(question.parameters.seed == 11 && question.parameters.options.temperature == 0)
        let image = try #require(question.images.first)
        let size = try Self.rule.size(height: image.height, width: image.width, field: "image")
        #expect(image.resizedHeight == size.height && image.resizedWidth == size.width && image.tokens == size.tokens && image.tokens >= 8)
        #expect(question.units[.vision] == Double(image.tokens) && (question.units[.text] ?? 0) > 0)
        #expect(try validate(request([])).units[.vision] == nil)
        #expect(try validate(request([], AnswerOptions(seed: 5))).parameters.seed == 5)
    }

    @Test("what is outside the limits is refused by field, limit and value")
    func refused() throws {
        let image = ChatMessage.Part.image(try Self.image("rgb.png"))
        #expect(refusal(AnswerQuestionRequest()) == "messages has 0 elements; 1 to 256")
        #expect(refusal(AnswerQuestionRequest(messages: [ChatMessage(.user, " ")])) == "messages[0] is empty")
        #expect(
            refusal(AnswerQuestionRequest(messages: [ChatMessage(.assistant, "a")]))
                == "messages[0].role is assistant before any user has asked")
        #expect(refusal(request([.image([1, 2, 3])]))?.hasPrefix("messages[0].parts[0]: ") == true)
        #expect(refusal(request([], AnswerOptions(temperature: 11))) == "temperature 11.0 is outside 0.0 through 10.0")
        #expect(refusal(request([image], AnswerOptions(maxPixels: 100))) == "max_pixels is 100; the model's least image has 6272 pixels")
        #expect(refusal(request([image]), context: 5)?.hasSuffix(" tokens, the model's context has 5") == true)
        #expect(refusal(request([], AnswerOptions(maxTokens: 70_000))) == "max_tokens is 70000, the model's context has 65536 tokens")
        #expect(
            refusal(request([], AnswerOptions(thinkingBudget: 65_536))) == "thinking_budget is 65536, the model's context has 65536 tokens")
        #expect(refusal(request(Array(repeating: image, count: 33))) == "messages have 33 images, the limit is 32")
    }

    @Test("a question with an image waits for a vision stage that has told how the model resizes images; one without does not")
    func unknownRule() throws {
        let image = ChatMessage.Part.image(try Self.image("rgb.png"))
        let error = #expect(throws: CallError.self) { try validate(request([image]), rule: nil) }
        #expect(error?.status == .unavailable && error?.retryAfter != nil)
        _ = try validate(request([]), rule: nil, context: 0)
    }
}
