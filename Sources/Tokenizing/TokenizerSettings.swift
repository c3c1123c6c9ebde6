/// The settings of tokenizer.json that decide how a text becomes ids: all but the vocabulary and the merges.
struct TokenizerSettings: Decodable {
    struct AddedToken: Decodable {
        let id: Int32
        let content: String
        let lstrip, rstrip, normalized: Bool
        let singleWord: Bool
        let special: Bool?

        enum CodingKeys: String, CodingKey {
            case id, content, lstrip, rstrip, normalized, special
            case singleWord = "single_word"
        }
    }

    /// A normaliser, pre-tokeniser or post-processor: its type and the settings that we know.
    struct Component: Decodable {
        let type: String
        let pretokenizers: [Component]?
        let processors: [Component]?
        let pattern: Pattern?
        let behavior: String?
        let invert: Bool?
        let addPrefixSpace: Bool?
        let useRegex: Bool?
        let single: [TemplateItem]?
        let specialTokens: [String: SpecialToken]?

        enum CodingKeys: String, CodingKey {
            case type, pretokenizers, processors, pattern, behavior, invert, single
            case addPrefixSpace = "add_prefix_space"
            case useRegex = "use_regex"
            case specialTokens = "special_tokens"
        }
    }

    struct Pattern: Decodable {
        let regex: String?
        enum CodingKeys: String, CodingKey { case regex = "Regex" }
    }

    struct TemplateItem: Decodable {
        struct Reference: Decodable { let id: String }
        let specialToken: Reference?
        let sequence: Reference?
        enum CodingKeys: String, CodingKey {
            case specialToken = "SpecialToken"
            case sequence = "Sequence"
        }
    }

    struct SpecialToken: Decodable { let ids: [Int32] }

    struct Model: Decodable {
        let type: String?
        let ignoreMerges: Bool?
        let byteFallback: Bool?
        let dropout: Double?
        let unknownToken: String?
        let subwordPrefix: String?
        let wordSuffix: String?

        enum CodingKeys: String, CodingKey {
            case type, dropout
            case ignoreMerges = "ignore_merges"
            case byteFallback = "byte_fallback"
            case unknownToken = "unk_token"
            case subwordPrefix = "continuing_subword_prefix"
            case wordSuffix = "end_of_word_suffix"
        }
    }

    let addedTokens: [AddedToken]
    let normalizer: Component?
    let preTokenizer: Component?
    let postProcessor: Component?
    let model: Model

    enum CodingKeys: String, CodingKey {
        case normalizer, model
        case addedTokens = "added_tokens"
        case preTokenizer = "pre_tokenizer"
        case postProcessor = "post_processor"
    }
}
