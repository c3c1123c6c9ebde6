import Foundation
import TestSupport
import Tokenizing

/// A tokenizer of single bytes with the marks of a question model: byte b is token b, and the marks follow from 256.
enum TokenizerFiles {
    enum Model: CaseIterable { case glm41V, glm46V }

    static let common = [
        "<|endoftext|>", "[gMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>", "<|begin_of_image|>",
        "<|end_of_image|>", "<|image|>",
    ]

    static func marks(_ model: Model) -> [String] {
        switch model {
        case .glm41V: common + ["<think>", "</think>", "<answer>", "</answer>"]
        case .glm46V: common + ["<think>", "</think>", "/nothink", "<|begin_of_box|>", "<|end_of_box|>"]
        }
    }

    /// Writes tokenizer.json, tokenizer_config.json and chat_template.jinja.
    /// - Parameters:
    ///   - flagged: whether tokenizer.json calls the marks of thoughts, answers and boxes special, too.
    ///   - more: words that a fine-tune has added.
    ///   - gap: ids before these words that no token has.
    static func write(_ model: Model, flagged: Bool = false, more: [String] = [], gap: Int = 0, to folder: URL) throws {
        let visible = Array(33...126) + Array(161...172) + Array(174...255)
        var characters = Dictionary(uniqueKeysWithValues: visible.map { ($0, $0) })
        for byte in 0...255 where characters[byte] == nil {
            characters[byte] = 256 + characters.count - visible.count
        }
        let vocabulary = Dictionary(
            uniqueKeysWithValues: characters.map { byte, scalar in (String(Unicode.Scalar(UInt32(scalar)) ?? "?"), byte) })
        let added = (marks(model) + more).enumerated().map { index, content -> [String: Any] in
            [
                "id": 256 + index + (index < marks(model).count ? 0 : gap), "content": content, "special": index < common.count || flagged,
                "lstrip": false, "rstrip": false,
                "single_word": false, "normalized": false,
            ]
        }
        let tokenizer: [String: Any] = [
            "added_tokens": added, "model": ["type": "BPE", "vocab": vocabulary, "merges": [] as [String]] as [String: Any],
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true] as [String: Any],
        ]
        try JSONSerialization.data(withJSONObject: tokenizer).write(to: folder.appending(path: "tokenizer.json"))
        try Data(#"{"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}"#.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
        let template = model == .glm41V ? Templates.verbatim : Templates.thinkingSwitch
        try Data(template.utf8).write(to: folder.appending(path: "chat_template.jinja"))
    }

    static func tokenizer(_ model: Model, flagged: Bool = false, more: [String] = []) throws -> Tokenizer {
        try withFolder { folder in
            try write(model, flagged: flagged, more: more, to: folder)
            return try Tokenizer(folder: folder)
        }
    }
}
