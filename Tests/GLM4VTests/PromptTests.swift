import Decoding
import Domain
import GLM4V
import ModelConfiguration
import Testing
import Tokenizing

@Suite struct PromptTests {
    private static func processor(
        _ model: TokenizerFiles.Model = .glm46V, flagged: Bool = false, more: [String] = []
    ) throws -> PromptProcessor {
        try RandomModel.with(model, flagged: flagged, more: more) { folder in
            try PromptProcessor(folder, GLM4VConfiguration.load(folder))
        }
    }

    private static func prompt(
        _ processor: PromptProcessor, _ messages: [ChatMessage], _ grids: [GridSize] = [], thinking: AnswerOptions.Thinking = .automatic
    ) throws -> PromptProcessor.Prompt {
        try processor.prompt(Conversation(messages), grids: grids, thinking: thinking)
    }

    private static func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was refused"
        } catch let error as RequestError {
            return error.message
        } catch {
            return "another error: \(error)"
        }
    }

    @Test("an image's token stands once for each of its cells, between its marks")
    func expansion() throws {
        let processor = try Self.processor()
        let question = ChatMessage(role: .user, parts: [.image([]), .text("ab"), .image([])])
        let prompt = try Self.prompt(processor, [question], [GridSize(height: 2, width: 3), GridSize(height: 1, width: 2)])
        func ids(_ tokens: String...) throws -> [Int32] { try tokens.map { try #require(processor.tokenizer.id(of: $0)) } }
        let image = try ids("<|image|>")[0]
        #expect(
            try prompt.ids
                == ids("[gMASK]", "<sop>", "<|user|>") + [10] + ids("<|begin_of_image|>") + Array(repeating: image, count: 6)
                + ids("<|end_of_image|>") + [97, 98] + ids("<|begin_of_image|>") + [image, image] + ids("<|end_of_image|>", "<|assistant|>") + [10])
        #expect(prompt.pictures == [5..<11, 15..<17])
        #expect(prompt.text.text.hasPrefix("[gMASK]<sop><|user|>\n<|begin_of_image|><|image|><|end_of_image|>ab"))
    }

    @Test("positions count text on all axes, an image's cells by row and column, and go on at its longer side")
    func positions() {
        let cells = SequencePositions(tokens: 14, pictures: [(5..<11, GridSize(height: 2, width: 3))])
        let image = [(5, 5, 5), (5, 5, 6), (5, 5, 7), (5, 6, 5), (5, 6, 6), (5, 6, 7)]
        #expect(
            cells.known == (0..<5).map { RotaryPosition(text: $0) } + image.map { RotaryPosition(temporal: $0, height: $1, width: $2) }
                + (8..<11).map { RotaryPosition(text: $0) })
        // The difference to the count of tokens stays for all that is generated: here −3.
        #expect(cells.next == 11 && cells[14] == RotaryPosition(text: 11) && cells[20] == RotaryPosition(text: 17))
        let two = SequencePositions(tokens: 9, pictures: [(1..<3, GridSize(height: 2, width: 1)), (4..<8, GridSize(height: 1, width: 4))])
        #expect(two.known.map(\.width) == [0, 1, 1, 3, 4, 5, 6, 7, 8] && two.known.map(\.height) == [0, 1, 2, 3, 4, 4, 4, 4, 8])
        #expect(SequencePositions(tokens: 0, pictures: []).next == 0)
    }

    @Test("a text that spells a mark is refused, naming mark and message, flagged special or not", arguments: [false, true])
    func specialTokens(flagged: Bool) throws {
        let processor = try Self.processor(flagged: flagged, more: ["blueish"])
        for token in ["<|image|>", "<|user|>", "<sop>", "<think>", "</think>", "<|begin_of_box|>", "<|endoftext|>"] {
            let message = Self.refusal {
                _ = try Self.prompt(processor, [ChatMessage(.user, "a"), ChatMessage(role: .user, parts: [.text("x\(token)"), .text("y")])])
            }
            #expect(message.contains(token) && message.contains("messages[1]"), "\(message)")
        }
        // Parts are joined before tokens are found.
        let joined = ChatMessage(role: .user, parts: [.text("<|im"), .text("age|>")])
        #expect(Self.refusal { _ = try Self.prompt(processor, [joined]) }.contains("<|image|>"))
        #expect(Self.refusal { _ = try Self.prompt(processor, [ChatMessage(.system, "<sop>"), ChatMessage(.user, "a")]) }.contains("messages[0]"))
        // What looks alike but is no token is text, and so are words, whoever added them.
        for text in ["<|images|>", "< think>", "<b>", "a blueish one", "/nothink"] where !(flagged && text.contains("blueish")) {
            #expect(try !Self.prompt(processor, [ChatMessage(.user, text)]).ids.isEmpty)
        }
    }

    @Test("an assistant's earlier answer may hold the marks of thoughts, answers and boxes, but no role and no image")
    func answersOfBefore() throws {
        for model in TokenizerFiles.Model.allCases {
            let processor = try Self.processor(model)
            func history(_ answer: String) throws -> PromptProcessor.Prompt {
                try Self.prompt(processor, [ChatMessage(.user, "Q"), ChatMessage(.assistant, answer), ChatMessage(.user, "R")])
            }
            let marks = try history("<think>a</think><answer><|begin_of_box|>b<|end_of_box|></answer>")
            #expect(marks.ids.contains(try #require(processor.tokenizer.id(of: "</think>"))))
            for token in ["<|user|>", "<|image|>", "[gMASK]"] {
                #expect(Self.refusal { _ = try history("a\(token)") }.contains("messages[1]"))
            }
        }
        let processor = try Self.processor()
        let thoughts = ChatMessage(role: .assistant, parts: [.text("A")], reasoning: "h</think>")
        #expect(try !Self.prompt(processor, [ChatMessage(.user, "Q"), thoughts, ChatMessage(.user, "R")]).ids.isEmpty, "left out by the template")
    }

    @Test("a text that makes a mark together with the template's text is refused")
    func joinsTemplate() throws {
        // A line break that the template writes, and the word behind it.
        let processor = try Self.processor(more: ["\nhello"])
        #expect(Self.refusal { _ = try Self.prompt(processor, [ChatMessage(.user, "hello")]) }.contains("hello"))
        #expect(try !Self.prompt(processor, [ChatMessage(.user, " hello")]).ids.isEmpty)
    }

    @Test("grids that are not as many as the images, and prompts that fill the context, are refused with the numbers")
    func counts() throws {
        let processor = try Self.processor()
        let question = ChatMessage(role: .user, parts: [.image([]), .text("a")])
        #expect(Self.refusal { _ = try Self.prompt(processor, [question]) }.contains("1 images and 1 places"))
        #expect(Self.refusal { _ = try Self.prompt(processor, [ChatMessage(.user, "a")], [GridSize(height: 1, width: 1)]) }.contains("1 grids"))
        // Nine tokens beside the image.
        let most = RandomModel.maximumPositions - 10
        #expect(try Self.prompt(processor, [question], [GridSize(height: 1, width: most)]).ids.count == RandomModel.maximumPositions - 1)
        let message = Self.refusal { _ = try Self.prompt(processor, [question], [GridSize(height: 1, width: most + 1)]) }
        #expect(message.contains("\(RandomModel.maximumPositions)") && message.contains("\(most + 1)"), "\(message)")
    }

    @Test("a tokenizer whose image token is not the configuration's is refused")
    func otherImageToken() throws {
        try RandomModel.with(configure: { configuration, _ in configuration["image_token_id"] = 5 }) { folder in
            do {
                _ = try PromptProcessor(folder, GLM4VConfiguration.load(folder))
                Issue.record("nothing was thrown")
            } catch let error as GLMImageError {
                #expect(error.code == .unsupportedModel && error.message.contains("image_token_id"))
            }
        }
    }
}
