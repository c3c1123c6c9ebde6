/// The quoted strings of one prompt as rows of ByT5 ids, all of one length.
public struct GlyphBatch: Sendable, Hashable {
    /// `[strings, length]`, padded on the right with 0.
    public var ids: [[Int32]]
    /// 1 where an id counts, 0 where it is padding. The pad id that the pipeline puts in front of an even number of strings counts.
    public var mask: [[Int32]]

    public init(ids: [[Int32]], mask: [[Int32]]) {
        self.ids = ids
        self.mask = mask
    }
}

/// The texts that a picture should show: what the prompt puts in quotes, encoded byte by byte.
///
/// Reference: diffusers 0.42 `GlmImagePipeline.get_glyph_texts` and `_get_glyph_embeds`.
public enum GlyphText {
    /// The texts between quotes, by kind of quote in this order: `'…'`, `“…”`, `"…"`, `「…」`. An apostrophe is a quote too.
    public static func quotedStrings(in prompt: String) -> [String] {
        let scalars = Array(prompt.unicodeScalars)
        let quotes: [(Unicode.Scalar, Unicode.Scalar)] = [("'", "'"), ("“", "”"), ("\"", "\""), ("「", "」")]
        return quotes.flatMap { quoted(scalars, open: $0, close: $1) }
    }

    /// Every match of `open([^open close]*)close`, left to right.
    private static func quoted(_ scalars: [Unicode.Scalar], open: Unicode.Scalar, close: Unicode.Scalar) -> [String] {
        var found: [String] = []
        var start: Int?
        for (position, scalar) in scalars.enumerated() {
            if scalar == close, let first = start {
                found.append(String(String.UnicodeScalarView(scalars[first..<position])))
                start = nil
            } else if scalar == open {
                start = position + 1
            }
        }
        return found
    }

    /// The batch of one prompt's strings; no strings give the batch of one empty string, which is also the unconditional branch's.
    /// - Parameters:
    ///   - maximumLength: the most ids of a string, its end token included (the pipeline's 2048); longer strings are cut.
    ///   - tokens: the special tokens that may stand inside a string.
    public static func encode(_ strings: [String], maximumLength: Int, tokens: GlyphTokens = .standard) -> GlyphBatch {
        var rows = (strings.isEmpty ? [""] : strings).map { row(of: $0, maximumLength: maximumLength, tokens: tokens) }
        // The pipeline means to even out the rows' lengths, but counts the rows.
        if rows.count % 2 == 0 { rows = rows.map { [GlyphTokens.pad] + $0 } }
        let length = rows.map(\.count).max() ?? 0
        return GlyphBatch(
            ids: rows.map { $0 + [Int32](repeating: GlyphTokens.pad, count: length - $0.count) },
            mask: rows.map { [Int32](repeating: 1, count: $0.count) + [Int32](repeating: 0, count: length - $0.count) })
    }

    private static func row(of text: String, maximumLength: Int, tokens: GlyphTokens) -> [Int32] {
        var ids = tokens.ids(of: text)
        // Room for the end token is kept even where the text brings its own.
        if ids.count + 1 > maximumLength { ids = Array(ids.prefix(max(0, maximumLength - 1))) }
        if ids.last != GlyphTokens.end { ids.append(GlyphTokens.end) }
        return ids
    }
}
