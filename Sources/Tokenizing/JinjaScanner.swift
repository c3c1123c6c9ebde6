/// Cuts a Jinja template into literal text, statements and outputs, with the white space trimmed as `transformers` has it
/// trimmed: by `-` at a tag, and by `trim_blocks` and `lstrip_blocks`.
package enum JinjaScanner {
    package enum Part: Hashable {
        case text(String)
        case statement(String)
        case output(String)
    }

    package static func parts(of template: String, path: String) throws(TokenizingError) -> [Part] {
        var parts: [Part] = []
        let whole = Array(template.unicodeScalars)
        var rest = whole[...]
        // Jinja drops one line break at the very end.
        if rest.last == "\n" { rest.removeLast() }
        var trimsNext = Trim.nothing

        func literal(_ scalars: ArraySlice<Unicode.Scalar>, _ end: Trim) {
            let text = trimmed(scalars, start: trimsNext, end: end, in: whole)
            if !text.isEmpty { parts.append(.text(String(String.UnicodeScalarView(text)))) }
        }

        while let open = tagStart(in: rest) {
            let kind = rest[open + 1]
            let close: [Unicode.Scalar] = kind == "{" ? ["}", "}"] : [kind, "}"]
            var body = rest[(open + 2)...]
            guard
                let end = (body.startIndex..<max(body.startIndex, body.endIndex - 1)).first(where: {
                    body[$0] == close[0] && body[$0 + 1] == close[1]
                })
            else {
                throw TokenizingError(.malformed, "\(path): a tag that doesn't end")
            }
            body = body[..<end]
            var before: Trim = kind == "{" ? .nothing : .line
            if body.first == "-" { before = .all }
            if body.first == "-" || body.first == "+" {
                if body.first == "+" { before = .nothing }
                body.removeFirst()
            }
            literal(rest[..<open], before)
            trimsNext = kind == "{" ? .nothing : .lineBreak
            if body.last == "-" { trimsNext = .all }
            if body.last == "+" { trimsNext = .nothing }
            if body.last == "-" || body.last == "+" { body.removeLast() }
            while body.first?.properties.isWhitespace == true { body.removeFirst() }
            while body.last?.properties.isWhitespace == true { body.removeLast() }
            let text = String(String.UnicodeScalarView(body))
            switch kind {
            case "{": parts.append(.output(text))
            case "%": parts.append(.statement(text))
            default: break
            }
            rest = rest[(end + 2)...]
        }
        literal(rest, .nothing)
        return parts
    }

    /// Literal text without the white space that the tags before and after it take.
    private static func trimmed(
        _ scalars: ArraySlice<Unicode.Scalar>, start: Trim, end: Trim, in whole: [Unicode.Scalar]
    ) -> ArraySlice<Unicode.Scalar> {
        var text = scalars
        switch start {
        case .nothing, .line: break
        case .lineBreak: if text.first == "\n" { text.removeFirst() }
        case .all: text = text.drop { $0.properties.isWhitespace }
        }
        switch end {
        case .nothing, .lineBreak: break
        case .line:
            // Only where the tag is the first of its line.
            let lineStart = text.lastIndex(of: "\n").map { $0 + 1 } ?? text.startIndex
            let isLineStart = lineStart == 0 || whole[lineStart - 1] == "\n"
            if isLineStart, text[lineStart...].allSatisfy({ $0 == " " || $0 == "\t" }) { text = text[..<lineStart] }
        case .all: while let last = text.last, last.properties.isWhitespace { text.removeLast() }
        }
        return text
    }

    /// How much white space a tag takes from the text beside it.
    private enum Trim { case nothing, lineBreak, line, all }

    private static func tagStart(in text: ArraySlice<Unicode.Scalar>) -> Int? {
        text.indices.dropLast().first { text[$0] == "{" && ["{", "%", "#"].contains(text[$0 + 1]) }
    }
}
