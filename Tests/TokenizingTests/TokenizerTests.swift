import Foundation
import TestSupport
import Testing
import Tokenizing

@Suite struct TokenizerTests {
    private struct TextCase: Decodable {
        let text: String
        let ids: [Int32]
    }

    private struct PromptCase: Decodable {
        let prompt, rendered: String
        let sources: [[Int]]
    }

    private static func tokenizer(_ checkpoint: String) throws -> Tokenizer {
        try Tokenizer(folder: fixtures.appending(path: "\(checkpoint)/processor"))
    }

    @Test("ids are the tokenizers library's for every text", arguments: ["tiny-f32", "tiny-bf16-sharded"])
    func ids(checkpoint: String) throws {
        let tokenizer = try Self.tokenizer(checkpoint)
        for item in try cases("tokens-\(checkpoint)", TextCase.self) {
            #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
        }
    }

    @Test("decoding gives the text back", arguments: ["tiny-f32", "tiny-bf16-sharded"])
    func roundTrip(checkpoint: String) throws {
        let tokenizer = try Self.tokenizer(checkpoint)
        for item in try cases("tokens-\(checkpoint)", TextCase.self) { #expect(tokenizer.decode(item.ids) == item.text) }
        #expect(tokenizer.decode([Int32.max, -1]) == "")
    }

    @Test("the tokens that the model needs have their names and ids")
    func namedTokens() throws {
        let tokenizer = try Self.tokenizer("tiny-f32")
        let names = ["image_token", "grid_bos_token", "grid_eos_token", "bos_token", "pad_token"]
        #expect(try names.map { try tokenizer.token(named: $0) } == ["<|image|>", "<sop>", "<eop>", "<|dit_token_64|>", "<|endoftext|>"])
        #expect(tokenizer.id(of: "<|dit_token_64|>") == 64)
        #expect(tokenizer.id(of: "no such token") == nil)
        #expect(tokenizer.encode("<sop>") == [tokenizer.id(of: "<sop>")])
    }

    @Test("special are the tokens that the file flags and those that the configuration names; all others are text")
    func special() throws {
        try withTokenizer({ file in
            var added = try #require(file["added_tokens"] as? [[String: Any]])
            func token(_ id: Int, _ content: String, special: Bool?) -> [String: Any] {
                var token: [String: Any] = [
                    "id": id, "content": content, "lstrip": false, "rstrip": false, "single_word": false, "normalized": false,
                ]
                token["special"] = special
                return token
            }
            added += [token(9001, "<a>", special: true), token(9002, "<b>", special: false), token(9003, "<c>", special: nil)]
            file["added_tokens"] = added
        }) { folder in
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.specialIDs.isDisjoint(with: [9002, 9003]))
            #expect(tokenizer.specialIDs.isSuperset(of: [9001, try #require(tokenizer.id(of: "<|image|>"))]))
            #expect(tokenizer.addedTokens(in: "x<c><a> y<b") == [9003, 9001])
            #expect(tokenizer.bytes(of: 9002) == Array("<b>".utf8) && tokenizer.bytes(of: 9000) == nil)
            #expect(tokenizer.idLimit == 9004)
        }
    }

    @Test("a tokenizer whose configuration names no token of pictures serves a model that has none")
    func unnamed() throws {
        try withProcessor({ try Data("{}".utf8).write(to: $0.appending(path: "tokenizer_config.json")) }) { folder in
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.decode(tokenizer.encode("A red sign")) == "A red sign")
        }
    }

    @Test("named tokens are found as text and as objects, at the top level and among the model's own")
    func namedElsewhere() throws {
        let text =
            #"{"extra_special_tokens":{"image_token":"<|image|>","grid_bos_token":{"content":"<sop>"}},"grid_eos_token":{"content":"<eop>","lstrip":false},"bos_token":"<|dit_token_64|>","eos_token":"<|endoftext|>","pad_token":null}"#
        try withProcessor({ try Data(text.utf8).write(to: $0.appending(path: "tokenizer_config.json")) }) { folder in
            let tokenizer = try Tokenizer(folder: folder)
            let names = ["image_token", "grid_bos_token", "grid_eos_token", "eos_token"]
            #expect(try names.map { try tokenizer.token(named: $0) } == ["<|image|>", "<sop>", "<eop>", "<|endoftext|>"])
        }
        try withProcessor({ try Data(#"{"bos_token":"<|dit_token_64|>"}"#.utf8).write(to: $0.appending(path: "tokenizer_config.json")) }) { folder in
            let tokenizer = try Tokenizer(folder: folder)
            #expect(failure(.missingToken) { _ = try tokenizer.token(named: "image_token") }.contains("image_token"))
        }
        try withProcessor({ try Data(text.replacing("<eop>", with: "<nop>").utf8).write(to: $0.appending(path: "tokenizer_config.json")) }) {
            folder in
            let tokenizer = try Tokenizer(folder: folder)
            #expect(failure(.missingToken) { _ = try tokenizer.token(named: "grid_eos_token") }.contains("<nop>"))
        }
    }

    @Test("a template post-processor puts its tokens around a text, not around one that begins with an image")
    func frame() throws {
        try withTokenizer({
            $0["post_processor"] = [
                "type": "TemplateProcessing", "pair": [] as [Any],
                "single": [
                    ["SpecialToken": ["id": "<sop>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
                    ["SpecialToken": ["id": "<eop>", "type_id": 0]],
                ],
                "special_tokens": [
                    "<sop>": ["id": "<sop>", "ids": [584], "tokens": ["<sop>"]], "<eop>": ["id": "<eop>", "ids": [585], "tokens": ["<eop>"]],
                ],
            ]
        }) { folder in
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.encode("a") == [584, 144, 585])
            #expect(tokenizer.encode("<|dit_token_64|>a") == [64, 144])
        }
    }

    @Test("added tokens strip white space, match whole words and stand back behind longer ones as their flags say")
    func addedTokenFlags() throws {
        try withTokenizer({ file in
            var added = try #require(file["added_tokens"] as? [[String: Any]])
            func token(_ id: Int, _ content: String, _ flags: String...) -> [String: Any] {
                var token: [String: Any] = ["id": id, "content": content, "special": true]
                for flag in ["lstrip", "rstrip", "single_word", "normalized"] { token[flag] = flags.contains(flag) }
                return token
            }
            added += [
                token(9001, "<l>", "lstrip"), token(9002, "<r>", "rstrip"), token(9003, "word", "single_word"), token(9004, "wordy", "normalized"),
                token(9005, "<r><l>"),
            ]
            file["added_tokens"] = added
        }) { folder in
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.encode(" \n<l> a") == [9001] + tokenizer.encode(" a"))
            #expect(tokenizer.encode("a <r> \u{3000}\n") == tokenizer.encode("a ") + [9002])
            #expect(tokenizer.encode("(word)") == tokenizer.encode("(") + [9003] + tokenizer.encode(")"))
            #expect(!tokenizer.encode("swords").contains(9003))
            #expect(tokenizer.encode("wordy") == [9004])
            #expect(tokenizer.encode("<r><l>") == [9005])
        }
    }

    @Test("GPT-2's cut, no cut, and a space in front of each piece are computed as the library computes them")
    func otherPreTokenizers() throws {
        func byteLevel(prefix: Bool, regex: Bool) -> [String: Any] {
            ["type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex]
        }
        let text = "They're  1234 words,\n\tI'LL see 早安"
        let plain: [Int32] = [
            382, 168, 430, 300, 300, 96, 97, 98, 99, 346, 364, 447, 91, 278, 277, 120, 86, 123, 123, 338, 450, 300, 242, 325, 498, 311,
        ]
        let cases: [([String: Any], [Int32])] = [
            (byteLevel(prefix: false, regex: true), plain),
            (byteLevel(prefix: true, regex: true), [558] + plain.dropFirst()),
            (byteLevel(prefix: false, regex: false), plain),
        ]
        for (preTokenizer, ids) in cases {
            try withTokenizer({ $0["pre_tokenizer"] = preTokenizer }) { folder in
                let tokenizer = try Tokenizer(folder: folder)
                #expect(tokenizer.encode(text) == ids)
            }
        }
        try withTokenizer({ file in
            let split = try #require((file["pre_tokenizer"] as? [String: Any])?["pretokenizers"] as? [[String: Any]])
            file["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": [split[0], byteLevel(prefix: true, regex: false)]]
        }) { folder in
            let expected: [Int32] = [
                558, 168, 300, 430, 300, 300, 300, 96, 97, 98, 300, 99, 346, 364, 447, 300, 91, 278, 300, 277, 120, 300, 86, 123, 123, 338, 450, 300,
                242, 325, 498, 311,
            ]
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.encode(text) == expected)
            // A letter of Unicode 17 is none to the library: it begins a piece, and so gets a space.
            #expect(tokenizer.encode("a\u{1E6C8}").contains(300))
        }
    }

    @Test("what we would compute otherwise is refused, naming the setting")
    func refused() throws {
        let changes: [(String, (inout [String: Any]) -> Void)] = [
            ("NFC", { $0["normalizer"] = ["type": "NFC"] }),
            ("Whitespace", { $0["pre_tokenizer"] = ["type": "Whitespace"] }),
            ("pre_tokenizer", { $0["pre_tokenizer"] = NSNull() }),
            ("BertProcessing", { $0["post_processor"] = ["type": "BertProcessing"] }),
            (
                #"\w+"#,
                {
                    $0["pre_tokenizer"] = [
                        "type": "Sequence",
                        "pretokenizers": [
                            ["type": "Split", "pattern": ["Regex": #"\w+"#], "behavior": "Isolated", "invert": false],
                            ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
                        ],
                    ]
                }
            ),
            ("WordPiece", { Self.setModel(&$0, "type", "WordPiece") }),
            ("dropout", { Self.setModel(&$0, "dropout", 0.1) }),
            ("continuing_subword_prefix", { Self.setModel(&$0, "continuing_subword_prefix", "##") }),
        ]
        for (named, change) in changes {
            try withTokenizer(change) { folder in
                #expect(failure(.unsupported) { _ = try Tokenizer(folder: folder) }.contains(named))
            }
        }
    }

    @Test("a broken file is refused, naming it")
    func broken() throws {
        try withTokenizer({ Self.setModel(&$0, "merges", ["no such"]) }) { folder in failure(.malformed) { _ = try Tokenizer(folder: folder) } }
        try withTokenizer({ Self.setModel(&$0, "merges", ["a b c"]) }) { folder in failure(.malformed) { _ = try Tokenizer(folder: folder) } }
        try withTokenizer({ Self.setModel(&$0, "vocab", NSNull()) }) { folder in failure(.malformed) { _ = try Tokenizer(folder: folder) } }
        for text in [
            "", "{", "[]", #"{"model":{"vocab":{"a":-1},"merges":[]}}"#, #"{"model":{"vocab":{"a":99999999999},"merges":[]}}"#, #"{"model":"#,
            #"{"a":"\"#,
        ] {
            try withProcessor({ try Data(text.utf8).write(to: $0.appending(path: "tokenizer.json")) }) { folder in
                #expect(failure(.malformed) { _ = try Tokenizer(folder: folder) }.contains("tokenizer.json"), "\(text)")
            }
        }
        failure(.missingFile) { _ = try Tokenizer(folder: fixtures.appending(path: "none")) }
    }

    private static func setModel(_ file: inout [String: Any], _ key: String, _ value: Any) {
        var model = file["model"] as? [String: Any] ?? [:]
        model[key] = value
        file["model"] = model
    }

    @Test("a hundred kilobytes of one word take no more than n log n")
    func long() throws {
        let tokenizer = try Self.tokenizer("tiny-f32")
        let text = String(repeating: "theopensign", count: 10_000)
        let start = ContinuousClock.now
        let ids = tokenizer.encode(text)
        // A quadratic merge would take minutes; the margin is for a busy machine.
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(tokenizer.decode(ids) == text)
    }

    @Test("a tokenizer.json cut or changed anywhere is read or refused, never a trap")
    func fuzz() throws {
        let bytes = try Data(contentsOf: fixtures.appending(path: "tiny-f32/processor/tokenizer.json"))
        var random = SeededRandom("a changed tokenizer.json")
        for round in 0..<150 {
            var changed = bytes
            if round % 3 == 0 {
                changed = changed.prefix(Int.random(in: 0..<changed.count, using: &random))
            } else {
                for _ in 0..<3 {
                    changed[Int.random(in: 0..<changed.count, using: &random)] = Array("{}[]\",:0\\u-\u{0}".utf8).randomElement(using: &random) ?? 0
                }
            }
            try withProcessor({ try changed.write(to: $0.appending(path: "tokenizer.json")) }) { folder in
                _ = try? Tokenizer(folder: folder).encode("A red sign")
            }
        }
    }

    @Test("prompts with their pictures are laid out as the processor lays them out", arguments: ["tiny-f32", "tiny-bf16-sharded"])
    func prompts(checkpoint: String) throws {
        let template = try ChatTemplate(folder: fixtures.appending(path: "\(checkpoint)/processor"))
        for item in try cases("prompts-\(checkpoint)", PromptCase.self) {
            #expect(item.rendered.hasPrefix(template.render(prompt: item.prompt, imageCount: item.sources.count) + "<sop>"), "\(item.prompt)")
        }
    }
}
