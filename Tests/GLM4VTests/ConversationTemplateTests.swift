import Domain
import GLM4V
import Testing
import Tokenizing

@Suite struct ConversationTemplateTests {
    private static let image = "<|begin_of_image|><|image|><|end_of_image|>"

    private static func render(
        _ template: ConversationTemplate, _ messages: [ChatMessage], thinking: AnswerOptions.Thinking = .automatic
    ) throws -> String {
        try template.render(Conversation(messages), thinking: thinking).text
    }

    @Test("each template is recognised, whatever its variables and its white space between tags")
    func recognised() throws {
        #expect(try ConversationTemplate(template: Templates.verbatim, path: "t") == .verbatim)
        #expect(try ConversationTemplate(template: Templates.thinkingSwitch, path: "t") == .thinkingSwitch)
        let renamed = Templates.verbatim.replacing("message.", with: "msg.").replacing("    ", with: "\t")
        #expect(try ConversationTemplate(template: renamed, path: "t") == .verbatim)
    }

    @Test("a template that decides by branches what another decides in an expression is the same")
    func branches() throws {
        let switches = [
            ("{{- '/nothink' if (", "{%- if "), (#".endswith("/nothink")) else '' -}}"#, #".endswith("/nothink") -%}/nothink{%- endif -%}"#),
            (
                #"{{ '<think></think>\n' if (enable_thinking is defined and not enable_thinking) else '' }}"#,
                "{% if not enable_thinking %}<think></think>\n{% endif %}"
            ),
        ]
        let template = switches.reduce(Templates.thinkingSwitch) { $0.replacing($1.0, with: $1.1) }
        #expect(!template.contains("'/nothink'") && !template.contains("'<think></think>\\n'"))
        #expect(try ConversationTemplate(template: template, path: "t") == .thinkingSwitch)
    }

    @Test("a template that writes anything else, or less, is refused with what was found")
    func refused() {
        let changes: [(String, String, String, String)] = [
            (Templates.verbatim, "[gMASK]<sop>", "[gMASK]<sop>\nBe nice.", "Be nice."),
            (Templates.verbatim, "{{ part.text }}", "{{ part.text | trim }}", "| trim"),
            (Templates.verbatim, "{{ '\\n' }}", "", #"<|user|>"#),
            (Templates.verbatim, "<|begin_of_image|><|image|><|end_of_image|>", "<|image|>", "<|image|>"),
            (Templates.verbatim, "{% if add", "{{ bos_token }}{% if add", "bos_token"),
            (Templates.verbatim, "{%- endfor %}\n{% if add", "{%- endfor %}{% break %}\n{% if add", "break"),
            (Templates.thinkingSwitch, "/nothink", "/quiet", "/quiet"),
            (Templates.thinkingSwitch, "'\\n<think></think>'", "''", "<think></think>"),
            (Templates.thinkingSwitch, "content.strip()", "content", "content"),
            (Templates.thinkingSwitch, "visible_text(m.content) -%}", "visible_text(m.content) | upper -%}", "upper"),
            (Templates.thinkingSwitch, "'\\n' + content", "'\\n' + today + content", "today"),
        ]
        for (template, old, new, found) in changes {
            let changed = template.replacing(old, with: new)
            #expect(changed != template)
            do {
                _ = try ConversationTemplate(template: changed, path: "chat_template.jinja")
                Issue.record("\(new) for \(old) was not refused")
            } catch {
                #expect(error.code == .unsupported && error.message.contains("chat_template.jinja") && error.message.contains(found), "\(error)")
            }
        }
        #expect(throws: TokenizingError.self) { try ConversationTemplate(template: "", path: "t") }
        #expect(throws: TokenizingError.self) { try ConversationTemplate(template: "{% endif %}", path: "t") }
    }

    @Test("a question with images is laid out in the order of its parts, with nothing between them", arguments: ConversationTemplate.allCases)
    func question(template: ConversationTemplate) throws {
        #expect(try Self.render(template, [ChatMessage(.user, "Q")]) == "[gMASK]<sop><|user|>\nQ<|assistant|>\n")
        let parts: [ChatMessage.Part] = [.text("A"), .image([]), .image([]), .text(" B\n")]
        #expect(
            try Self.render(template, [ChatMessage(role: .user, parts: parts)])
                == "[gMASK]<sop><|user|>\nA\(Self.image)\(Self.image) B\n<|assistant|>\n")
    }

    @Test("several turns follow each other; only GLM-4.6V-Flash writes empty thoughts before an earlier answer, and trims it")
    func turns() throws {
        let messages = [
            ChatMessage(role: .system, parts: [.text("S"), .text("T")]), ChatMessage(.user, "Q"), ChatMessage(.assistant, " A\n"),
            ChatMessage(.user, "R"),
        ]
        #expect(try Self.render(.verbatim, messages) == "[gMASK]<sop><|system|>\nST<|user|>\nQ<|assistant|>\n A\n<|user|>\nR<|assistant|>\n")
        #expect(
            try Self.render(.thinkingSwitch, messages)
                == "[gMASK]<sop><|system|>\nST<|user|>\nQ<|assistant|>\n<think></think>\nA<|user|>\nR<|assistant|>\n")
    }

    @Test("with thinking off every user's turn says so once, and the prompt ends behind empty thoughts")
    func thinkingOff() throws {
        let messages = [
            ChatMessage(.user, "Q"), ChatMessage(.assistant, "A"), ChatMessage(.user, "R/nothink"), ChatMessage(.assistant, "B"),
            ChatMessage(role: .user, parts: [.text("/nothink"), .image([])]), ChatMessage(role: .user, parts: [.text("U/no"), .text("think")]),
        ]
        #expect(
            try Self.render(.thinkingSwitch, messages, thinking: .off)
                == "[gMASK]<sop><|user|>\nQ/nothink<|assistant|>\n<think></think>\nA<|user|>\nR/nothink<|assistant|>\n<think></think>\nB"
                + "<|user|>\n/nothink\(Self.image)/nothink<|user|>\nU/nothink<|assistant|>\n<think></think>\n")
        #expect(
            try Self.render(.thinkingSwitch, [ChatMessage(.user, "Q")], thinking: .on) == Self.render(.thinkingSwitch, [ChatMessage(.user, "Q")]))
    }

    @Test("thoughts of earlier turns stay with GLM-4.1V where they are text, and are left out by GLM-4.6V-Flash")
    func thoughts() throws {
        let inText = [
            ChatMessage(.user, "Q"), ChatMessage(.assistant, "<think>h</think>\n<answer>A</answer>"), ChatMessage(.user, "R"),
        ]
        #expect(
            try Self.render(.verbatim, inText)
                == "[gMASK]<sop><|user|>\nQ<|assistant|>\n<think>h</think>\n<answer>A</answer><|user|>\nR<|assistant|>\n")
        #expect(
            try Self.render(.thinkingSwitch, inText)
                == "[gMASK]<sop><|user|>\nQ<|assistant|>\n<think></think>\n<answer>A</answer><|user|>\nR<|assistant|>\n")
        // Where the thoughts are known the text is the answer, whatever it says.
        let apart = [
            ChatMessage(.user, "Q"), ChatMessage(role: .assistant, parts: [.text("a </think>\u{1F} b\u{A0}")], reasoning: "h"),
            ChatMessage(.user, "R"),
        ]
        #expect(
            try Self.render(.thinkingSwitch, apart)
                == "[gMASK]<sop><|user|>\nQ<|assistant|>\n<think></think>\na </think>\u{1F} b<|user|>\nR<|assistant|>\n")
        let thoughtOnly = [ChatMessage(.user, "Q"), ChatMessage(.assistant, "<think>h</think>\n"), ChatMessage(.user, "R")]
        #expect(
            try Self.render(.thinkingSwitch, thoughtOnly)
                == "[gMASK]<sop><|user|>\nQ<|assistant|>\n<think></think><|user|>\nR<|assistant|>\n")
    }

    @Test("what GLM-4.1V's template would leave out without a word is refused")
    func leftOut() {
        #expect(throws: RequestError.self) { try Self.render(.verbatim, [ChatMessage(.user, "Q")], thinking: .off) }
        let messages = [ChatMessage(.user, "Q"), ChatMessage(role: .assistant, parts: [.text("A")], reasoning: "h"), ChatMessage(.user, "R")]
        do {
            _ = try Self.render(.verbatim, messages)
            Issue.record("reasoning was not refused")
        } catch {
            #expect("\(error)".contains("messages[1]"))
        }
    }
}
