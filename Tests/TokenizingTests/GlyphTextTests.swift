import Foundation
import Testing
import Tokenizing

@Suite struct GlyphTextTests {
    private struct GlyphCase: Decodable {
        let prompt: String
        let strings: [String]
        let ids, mask: [[Int32]]
    }

    @Test("quoted strings and their padded ids are the pipeline's")
    func fixture() throws {
        let tokens = try GlyphTokens(folder: fixtures.appending(path: "tiny-f32/tokenizer"))
        for item in try cases("glyphs", GlyphCase.self) {
            let strings = GlyphText.quotedStrings(in: item.prompt)
            #expect(strings == item.strings, "\(item.prompt)")
            let batch = GlyphText.encode(strings, maximumLength: 2048, tokens: tokens)
            #expect(batch.ids == item.ids && batch.mask == item.mask, "\(item.prompt)")
        }
    }

    @Test("quotes are gathered by kind, an inner opening quote starts over")
    func quotes() {
        #expect(GlyphText.quotedStrings(in: "「d」 \"c\" “b” 'a'") == ["a", "b", "c", "d"])
        #expect(GlyphText.quotedStrings(in: "“one “two” three” 「x「y」") == ["two", "y"])
        #expect(GlyphText.quotedStrings(in: "'' \"\n\"") == ["", "\n"])
        #expect(GlyphText.quotedStrings(in: "'e\u{301}' '\u{301}'") == ["e\u{301}", "\u{301}"])
        #expect(GlyphText.quotedStrings(in: "’ ” 」 “ 「 '") == [])
    }

    @Test("a special token's name inside a string is that token, with the white space that the folder's settings give it")
    func specialTokens() throws {
        func ids(_ text: String, _ tokens: GlyphTokens = .standard) -> [Int32] {
            GlyphText.encode([text], maximumLength: 2048, tokens: tokens).ids[0]
        }
        #expect(ids("a <extra_id_0> b") == [100, 35, 259, 35, 101, 1])
        #expect(ids("<extra_id_124><extra_id_1") == [383, 63, 104, 123, 119, 117, 100, 98, 108, 103, 98, 52, 1])
        #expect(ids("x </s> y") == [123, 1, 124, 1])
        #expect(ids("hi</s>") == [107, 108, 1])
        #expect(ids("<pad> <unk>") == [0, 2, 1])
        let saved = try GlyphTokens(folder: fixtures.appending(path: "tiny-f32/tokenizer"))
        #expect(ids("x </s> y", saved) == [123, 35, 1, 35, 124, 1])
        #expect(ids("<pad> <unk>", try GlyphTokens(folder: fixtures)) == [0, 2, 1])
    }

    @Test("strings are cut to leave room for the end token")
    func cut() {
        func ids(_ text: String, _ length: Int) -> [Int32] { GlyphText.encode([text], maximumLength: length).ids[0] }
        #expect(ids("abcdefgh", 4) == [100, 101, 102, 1])
        #expect(ids("abc</s>defgh", 5) == [100, 101, 102, 1])
        #expect(ids("", 1) == [1])
    }

    @Test("a tokenizer folder with other ids than ByT5's is refused")
    func refused() throws {
        for text in [
            #"{"added_tokens_decoder":{"1":{"content":"<eos>"}}}"#, #"{"added_tokens_decoder":{"77":{"content":"x"}}}"#,
            #"{"added_tokens_decoder":{"x":{"content":"x"}}}"#,
        ] {
            try withProcessor({ try Data(text.utf8).write(to: $0.appending(path: "tokenizer_config.json")) }) { folder in
                failure(.unsupported) { _ = try GlyphTokens(folder: folder) }
            }
        }
    }
}
