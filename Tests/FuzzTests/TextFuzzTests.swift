import Foundation
import Testing
import Tokenizing

extension FuzzTests {
    @Test("any text becomes tokens, and these the same text again") func tokens() async throws {
        let tokenizer = try Tokenizer(folder: fixtures.appending(path: "tiny-f32/processor"))
        let texts = [
            "a red circle above the word \"CAT\"", "圆形 “招牌” 's 'LL 123456", "\r\n \t  x\u{A0}\u{3000}\u{1F469}\u{200D}\u{1F680}e\u{301}",
            "<|image|><sop>12 3<eop>",
        ]
        var fuzzer = try Fuzzer(
            "text", corpus: texts.map { Array($0.utf8) },
            words: ["<|image|>", "<sop>", "'s", "\u{17F}", "\r\n", "  ", "</s>", "<extra_id_0>", "“", "「"])
        try await fuzzer.run { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let ids = tokenizer.encode(text)
            let again = tokenizer.decode(ids)
            // A token with a byte that the vocabulary lacks has nothing; every byte is in this one.
            guard again.unicodeScalars.elementsEqual(text.unicodeScalars) else { throw Finding("\(ids.count) tokens of another text") }
            let glyphs = GlyphText.encode(GlyphText.quotedStrings(in: text), maximumLength: 2048)
            guard glyphs.ids.allSatisfy({ $0.count == glyphs.ids[0].count && $0.count <= 2049 }) else { throw Finding("rows of different lengths") }
        }
    }

    @Test("a template is taken or refused") func template() async throws {
        let templates = try ["tiny-f32", "tiny-bf16-sharded"].map {
            Array(try Data(contentsOf: fixtures.appending(path: "\($0)/processor/chat_template.jinja")))
        }
        var fuzzer = try Fuzzer(
            "template", corpus: templates,
            words: ["{%", "%}", "{{", "}}", "{#", "#}", "-%}", "{%-", "{%+", "+%}", "if image", "endfor", "a.content", "\n", "{"])
        try await fuzzer.run { bytes in
            _ = try ChatTemplate(template: String(decoding: bytes, as: UTF8.self), path: "t").render(prompt: "p", imageCount: 8)
        }
    }
}
