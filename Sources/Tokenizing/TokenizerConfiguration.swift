import Foundation

/// The tokens that tokenizer_config.json names, at its top level or among the model's own.
struct TokenizerConfiguration: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// A token as text, or as an object with its text under `content`.
    private struct TokenText: Decodable {
        struct Object: Decodable { let content: String }
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                self.text = try container.decode(Object.self).content
            }
        }
    }

    /// Values of keys that end in `_token`.
    let tokens: [String: String]

    init(from decoder: any Decoder) throws {
        let top = try decoder.container(keyedBy: Key.self)
        var tokens: [String: String] = [:]
        for name in ["model_specific_special_tokens", "extra_special_tokens"] {
            // Some writers put a list of tokens without names here.
            guard let nested = try? top.nestedContainer(keyedBy: Key.self, forKey: Key(stringValue: name)) else { continue }
            for key in nested.allKeys { tokens[key.stringValue] = try? nested.decode(TokenText.self, forKey: key).text }
        }
        for key in top.allKeys where key.stringValue.hasSuffix("_token") {
            if let token = try? top.decode(TokenText.self, forKey: key) { tokens[key.stringValue] = token.text }
        }
        self.tokens = tokens
    }
}
