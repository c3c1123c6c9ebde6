public import Foundation

/// The byte-level BPE of a tokenizer.json, as the `tokenizers` library computes it for GLM-4's file.
///
/// A text is cut at its added tokens, the rest by the pre-tokeniser's pattern; each piece becomes bytes, and these are merged.
/// Settings that we don't compute are refused when the file is read.
public struct Tokenizer: Sendable {
    /// Ids of tokens that stand for no text: those that tokenizer.json flags special, and those that tokenizer_config.json names.
    public let specialIDs: Set<Int32>
    /// Ids of all tokens are below this; not each id below it need be one's.
    public let idLimit: Int32

    private let model: BytePairEncoding
    private let preTokenizer: PreTokenizer
    private let added: AddedTokens
    private let addedIDs: [String: Int32]
    private let bytes: [Int32: [UInt8]]
    private let frame: (before: [Int32], after: [Int32])
    /// Tokens by the keys of tokenizer_config.json.
    private let names: [String: String]
    private let folder: URL

    /// - Parameter folder: the one that holds tokenizer.json and tokenizer_config.json.
    public init(folder: URL) throws(TokenizingError) {
        self.folder = folder
        let url = folder.appendingPathComponent("tokenizer.json")
        let file = try TokenizerFile(url)
        names = try TextFile.decode(TokenizerConfiguration.self, folder.appendingPathComponent("tokenizer_config.json")).tokens
        do throws(TokenizingError) {
            if let normalizer = file.settings.normalizer {
                throw TokenizingError(.unsupported, "the normalizer \(normalizer.type); only none is supported")
            }
            preTokenizer = try PreTokenizer(file.settings.preTokenizer)
            frame = try Self.frame(file.settings.postProcessor)

            model = try BytePairEncoding(file)

            // As in the library, the vocabulary's id counts where the lists disagree.
            func vocabularyID(_ token: String) -> Int32? { ByteAlphabet.bytes(of: token).flatMap { file.vocabulary[$0] } }
            var tokens = file.settings.addedTokens.map {
                AddedTokens.Token(
                    id: vocabularyID($0.content) ?? $0.id, content: $0.content, stripsLeft: $0.lstrip, stripsRight: $0.rstrip,
                    isSingleWord: $0.singleWord, isNormalized: $0.normalized, isSpecial: $0.special ?? false)
            }
            // transformers makes every token that the configuration names an added one.
            let listed = Set(tokens.map(\.content))
            for content in Set(names.values).subtracting(listed).sorted() {
                if let id = vocabularyID(content) { tokens.append(AddedTokens.Token(id: id, content: content)) }
            }
            var bytes = file.spellings
            for token in tokens { bytes[token.id] = ByteAlphabet.bytes(of: token.content) ?? Array(token.content.utf8) }
            added = AddedTokens(tokens)
            addedIDs = Dictionary(tokens.map { ($0.content, $0.id) }) { $1 }
            self.bytes = bytes
            let named = Set(names.values)
            specialIDs = Set(tokens.filter { $0.isSpecial || named.contains($0.content) }.map(\.id))
            idLimit = (bytes.keys.max() ?? -1) + 1
        } catch {
            throw TokenizingError(error.code, "\(url.path): \(error.message)")
        }
    }

    /// The token that tokenizer_config.json names under `key`.
    /// - Throws: `missingToken` where it names none, or one that tokenizer.json doesn't have.
    public func token(named key: String) throws(TokenizingError) -> String {
        guard let token = names[key] else {
            throw TokenizingError(.missingToken, "\(folder.path)/tokenizer_config.json has no \(key)")
        }
        guard addedIDs[token] != nil else {
            throw TokenizingError(
                .missingToken, "\(folder.path)/tokenizer.json has no token \(token), which tokenizer_config.json names as \(key)")
        }
        return token
    }

    /// The ids of `text`, special tokens in it taken as such.
    ///
    /// Where the file has a template post-processor, its tokens stand around the ids, unless the text begins with the `bos_token`:
    /// the processor leaves them out then.
    public func encode(_ text: String) -> [Int32] {
        let scalars = Array(text.unicodeScalars)
        var ids: [Int32] = []
        for segment in added.split(scalars) {
            switch segment {
            case .token(let id): ids.append(id)
            case .text(let range): for piece in preTokenizer.pieces(scalars[range]) { model.encode(piece, into: &ids) }
            }
        }
        if let bos = names["bos_token"], text.unicodeScalars.starts(with: bos.unicodeScalars) { return ids }
        return frame.before + ids + frame.after
    }

    /// The text of `ids`, special tokens included; bytes that aren't UTF-8 become U+FFFD, unknown ids nothing.
    public func decode(_ ids: [Int32]) -> String {
        String(decoding: ids.flatMap { bytes[$0] ?? [] }, as: UTF8.self)
    }

    /// What a token decodes to, which need not be whole characters; nil for an id that is no token's.
    public func bytes(of id: Int32) -> [UInt8]? { bytes[id] }

    /// The added tokens that ``encode(_:)`` finds in `text`, in their order.
    public func addedTokens(in text: String) -> [Int32] {
        added.split(Array(text.unicodeScalars)).compactMap { if case .token(let id) = $0 { id } else { nil } }
    }

    /// The id of a token as tokenizer.json writes it.
    public func id(of token: String) -> Int32? {
        addedIDs[token] ?? ByteAlphabet.bytes(of: token).flatMap(model.id(of:))
    }

    /// The special tokens that a post-processor puts around a text.
    private static func frame(_ processor: TokenizerSettings.Component?) throws(TokenizingError) -> (before: [Int32], after: [Int32]) {
        guard let processor else { return ([], []) }
        switch processor.type {
        case "ByteLevel":
            return ([], [])  // Moves offsets only.
        case "Sequence":
            var result: (before: [Int32], after: [Int32]) = ([], [])
            for inner in processor.processors ?? [] {
                let next = try frame(inner)
                result = (next.before + result.before, result.after + next.after)
            }
            return result
        case "TemplateProcessing":
            var before: [Int32] = []
            var after: [Int32] = []
            var isPastText = false
            for item in processor.single ?? [] {
                if item.sequence != nil { isPastText = true }
                guard let name = item.specialToken?.id else { continue }
                guard let ids = processor.specialTokens?[name]?.ids else {
                    throw TokenizingError(.malformed, "post_processor has no ids for \(name)")
                }
                if isPastText { after += ids } else { before += ids }
            }
            return (before, after)
        default:
            throw TokenizingError(.unsupported, "the post_processor \(processor.type); supported are ByteLevel and TemplateProcessing")
        }
    }
}
