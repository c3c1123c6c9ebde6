public import Foundation

/// ByT5's tokens: three special ones, the 256 bytes, and 125 sentinels, any of which a text may name.
///
/// Reference: transformers 5.23 `ByT5Tokenizer`. Whether a special token takes the white space beside it along is a setting of
/// the checkpoint's `tokenizer` folder.
public struct GlyphTokens: Sendable {
    static let pad: Int32 = 0
    static let end: Int32 = 1
    private static let byteOffset: Int32 = 3

    private let added: AddedTokens

    /// The class's own settings: the three special tokens take white space along on both sides.
    public static let standard = GlyphTokens(
        specials.map { AddedTokens.Token(id: $0.key, content: $0.value, stripsLeft: true, stripsRight: true) } + sentinels)

    private static let specials: [Int32: String] = [0: "<pad>", 1: "</s>", 2: "<unk>"]
    private static let sentinels = (0..<125).map { AddedTokens.Token(id: 259 + Int32($0), content: "<extra_id_\($0)>") }

    private init(_ tokens: [AddedTokens.Token]) {
        added = AddedTokens(tokens)
    }

    /// The settings of `tokenizer_config.json` in the checkpoint's `tokenizer` folder, the class's own where it has none.
    /// - Throws: `malformed`; `unsupported` where ids or texts aren't ByT5's.
    public init(folder: URL) throws(TokenizingError) {
        let url = folder.appendingPathComponent("tokenizer_config.json")
        guard TextFile.exists(url), let listed = try TextFile.decode(Configuration.self, url).tokens else {
            self = .standard
            return
        }
        var tokens: [AddedTokens.Token] = []
        for (key, token) in listed {
            guard let id = Int32(key), (0..<3).contains(id) || id >= 259 else {
                throw TokenizingError(.unsupported, "\(url.path): added_tokens_decoder has the id \(key), a byte's")
            }
            if let own = Self.specials[id], own != token.content {
                throw TokenizingError(.unsupported, "\(url.path): id \(id) is \(token.content), should be \(own)")
            }
            tokens.append(
                AddedTokens.Token(
                    id: id, content: token.content, stripsLeft: token.lstrip ?? false, stripsRight: token.rstrip ?? false))
        }
        self.init(tokens)
    }

    private struct Configuration: Decodable {
        struct Token: Decodable {
            let content: String
            let lstrip, rstrip: Bool?
        }

        let tokens: [String: Token]?
        enum CodingKeys: String, CodingKey { case tokens = "added_tokens_decoder" }
    }

    /// Byte + 3 for each byte of `text`, a special token named in it as that token. No end token is added.
    func ids(of text: String) -> [Int32] {
        let scalars = Array(text.unicodeScalars)
        var ids: [Int32] = []
        for segment in added.split(scalars) {
            switch segment {
            case .token(let id): ids.append(id)
            case .text(let range):
                for scalar in scalars[range] { ids += UTF8.encode(scalar).unsafelyUnwrapped.map { Int32($0) + Self.byteOffset } }
            }
        }
        return ids
    }
}
