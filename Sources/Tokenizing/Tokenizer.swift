public import Foundation

/// The byte-level BPE of `processor/tokenizer.json`, as the `tokenizers` library computes it for GLM-4's file.
///
/// A text is cut at its added tokens, the rest by the pre-tokeniser's pattern; each piece becomes bytes, and these are merged.
/// Settings that we don't compute are refused when the file is read.
public struct Tokenizer: Sendable {
    /// Stands for one code of a source image (`image_token`).
    public let imageToken: String
    /// Opens and closes a grid's size (`grid_bos_token`, `grid_eos_token`).
    public let gridBeginToken, gridEndToken: String
    /// The start of an image (`bos_token`).
    public let bosToken: String
    /// `pad_token`; the end token where the file names none.
    public let padToken: String

    private let model: BytePairEncoding
    private let preTokenizer: PreTokenizer
    private let added: AddedTokens
    private let addedIDs: [String: Int32]
    private let bytes: [Int32: [UInt8]]
    private let frame: (before: [Int32], after: [Int32])

    /// - Parameter folder: the checkpoint's `processor` folder.
    public init(folder: URL) throws(TokenizingError) {
        let url = folder.appendingPathComponent("tokenizer.json")
        let file = try TokenizerFile(url)
        let names = try TextFile.decode(TokenizerConfiguration.self, folder.appendingPathComponent("tokenizer_config.json")).tokens
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
                    isSingleWord: $0.singleWord, isNormalized: $0.normalized)
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
        } catch {
            throw TokenizingError(error.code, "\(url.path): \(error.message)")
        }

        let ids = addedIDs
        func token(_ key: String, or other: String? = nil) throws(TokenizingError) -> String {
            guard let token = names[key] ?? other.flatMap({ names[$0] }) else {
                throw TokenizingError(.missingToken, "\(folder.path)/tokenizer_config.json has no \(key)")
            }
            guard ids[token] != nil else {
                throw TokenizingError(.missingToken, "\(url.path) has no token \(token), which tokenizer_config.json names as \(key)")
            }
            return token
        }
        imageToken = try token("image_token")
        gridBeginToken = try token("grid_bos_token")
        gridEndToken = try token("grid_eos_token")
        bosToken = try token("bos_token")
        padToken = try token("pad_token", or: "eos_token")
    }

    /// The ids of `text`, special tokens in it taken as such.
    ///
    /// Where the file has a template post-processor, its tokens stand around the ids, unless the text begins with `bosToken`:
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
        if text.unicodeScalars.starts(with: bosToken.unicodeScalars) { return ids }
        return frame.before + ids + frame.after
    }

    /// The text of `ids`, special tokens included; bytes that aren't UTF-8 become U+FFFD, unknown ids nothing.
    public func decode(_ ids: [Int32]) -> String {
        String(decoding: ids.flatMap { bytes[$0] ?? [] }, as: UTF8.self)
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
