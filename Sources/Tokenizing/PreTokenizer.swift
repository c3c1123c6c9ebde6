/// Cuts a text into the pieces that merges may not cross.
///
/// The patterns are hand-written automata of the regular expressions that tokenizer.json may hold; a file with another
/// expression is refused rather than cut otherwise than its author meant.
struct PreTokenizer: Sendable {
    enum Pattern: Sendable {
        /// GLM-4's, OpenAI's cl100k.
        case cl100k
        /// The one that `ByteLevel(use_regex: true)` brings along.
        case gpt2
        case whole
    }

    let pattern: Pattern
    /// Every piece of an outer split gets a space in front unless it begins with one.
    let addsPrefixSpace: Bool

    /// The texts of the cl100k expression: as GLM-4's file has it, and as OpenAI and its translations write the same language.
    static let cl100kTexts: Set<String> = [
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#,
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#,
    ]

    /// The UTF-8 bytes of each piece of `text`.
    func pieces(_ text: ArraySlice<Unicode.Scalar>) -> [[UInt8]] {
        var scalars = Array(text)
        if pattern != .cl100k, addsPrefixSpace, let first = scalars.first, first != " " { scalars.insert(" ", at: 0) }
        let classes = scalars.map { ScalarClass($0) }
        var result: [[UInt8]] = []
        var start = 0
        while start < scalars.count {
            let end =
                switch pattern {
                case .cl100k: Self.cl100kEnd(scalars, classes, from: start)
                case .gpt2: Self.gpt2End(scalars, classes, from: start)
                case .whole: scalars.count
                }
            var bytes: [UInt8] = []
            if pattern == .cl100k, addsPrefixSpace, scalars[start] != " " { bytes.append(0x20) }
            for scalar in scalars[start..<end] { bytes.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped) }
            result.append(bytes)
            start = end
        }
        return result
    }

    /// Where the match that begins at `start` ends. Every alternative of the expression in its order, the first that matches wins.
    private static func cl100kEnd(_ scalars: [Unicode.Scalar], _ classes: [ScalarClass], from start: Int) -> Int {
        func run(_ kind: ScalarClass, from position: Int) -> Int {
            var end = position
            while end < classes.count, classes[end] == kind { end += 1 }
            return end
        }

        // (?i:'s|'t|'re|'ve|'m|'ll|'d)
        if let end = contractionEnd(scalars, from: start, foldingCase: true) { return end }
        // [^\r\n\p{L}\p{N}]?\p{L}+
        if classes[start] == .letter { return run(.letter, from: start) }
        if classes[start] != .number, !scalars[start].isLineBreak, start + 1 < classes.count, classes[start + 1] == .letter {
            return run(.letter, from: start + 1)
        }
        // \p{N}{1,3}
        if classes[start] == .number { return min(run(.number, from: start), start + 3) }
        //  ?[^\s\p{L}\p{N}]+[\r\n]*
        let symbols = scalars[start] == " " ? start + 1 : start
        if symbols < classes.count, classes[symbols] == .other {
            var end = run(.other, from: symbols)
            while end < scalars.count, scalars[end].isLineBreak { end += 1 }
            return end
        }
        // \s*[\r\n]+ reaches to the last line break of the run of white space.
        let end = run(.space, from: start)
        if let lineBreak = scalars[start..<end].lastIndex(where: \.isLineBreak) { return lineBreak + 1 }
        return spaceEnd(from: start, runEnd: end, count: scalars.count)
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    private static func gpt2End(_ scalars: [Unicode.Scalar], _ classes: [ScalarClass], from start: Int) -> Int {
        if let end = contractionEnd(scalars, from: start, foldingCase: false) { return end }
        let first = scalars[start] == " " ? start + 1 : start
        var end = first
        if first < classes.count, classes[first] != .space {
            while end < classes.count, classes[end] == classes[first] { end += 1 }
            return end
        }
        end = start
        while end < classes.count, classes[end] == .space { end += 1 }
        return spaceEnd(from: start, runEnd: end, count: scalars.count)
    }

    /// `\s+(?!\S)|\s+`: a run before a word leaves its last space to the word.
    private static func spaceEnd(from start: Int, runEnd: Int, count: Int) -> Int {
        runEnd < count && runEnd - start > 1 ? runEnd - 1 : runEnd
    }

    private static func contractionEnd(_ scalars: [Unicode.Scalar], from start: Int, foldingCase: Bool) -> Int? {
        guard scalars[start] == "'", start + 1 < scalars.count else { return nil }
        func folded(_ position: Int) -> Unicode.Scalar? {
            guard position < scalars.count else { return nil }
            let scalar = scalars[position]
            guard foldingCase else { return scalar }
            // The long s is the one character outside ASCII that folds to a letter of these endings.
            if scalar.value == 0x17F { return "s" }
            return (0x41...0x5A).contains(scalar.value) ? Unicode.Scalar(scalar.value + 0x20) : scalar
        }
        switch (folded(start + 1), folded(start + 2)) {
        case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
        case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
        default: return nil
        }
    }
}
