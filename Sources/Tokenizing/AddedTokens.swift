/// Tokens that are found in the text before anything else happens to it.
struct AddedTokens: Sendable {
    struct Token: Sendable {
        var id: Int32
        var content: String
        /// Takes the white space before it along.
        var stripsLeft = false
        /// Takes the white space after it along.
        var stripsRight = false
        /// Matches only between characters that aren't `\w`.
        var isSingleWord = false
        /// Looked for after the others, in what they left.
        var isNormalized = false
        /// Stands for no text.
        var isSpecial = false
    }

    enum Segment {
        case token(Int32)
        case text(Range<Int>)
    }

    private let first: TokenTrie
    private let second: TokenTrie

    init(_ tokens: [Token]) {
        first = TokenTrie(tokens.filter { !$0.isNormalized })
        second = TokenTrie(tokens.filter(\.isNormalized))
    }

    func split(_ text: [Unicode.Scalar]) -> [Segment] {
        first.split(text, 0..<text.count).flatMap { segment -> [Segment] in
            guard case .text(let range) = segment else { return [segment] }
            return second.split(text, range)
        }
    }
}

/// Finds tokens from left to right, the longest at each place.
private struct TokenTrie: Sendable {
    private var edges: [UInt64: Int] = [:]
    private var tokens: [Int: AddedTokens.Token] = [:]

    init(_ list: [AddedTokens.Token]) {
        var nodeCount = 1
        for token in list where !token.content.isEmpty {
            var node = 0
            for scalar in token.content.unicodeScalars {
                let edge = Self.edge(node, scalar)
                if let next = edges[edge] {
                    node = next
                } else {
                    edges[edge] = nodeCount
                    node = nodeCount
                    nodeCount += 1
                }
            }
            tokens[node] = token
        }
    }

    private static func edge(_ node: Int, _ scalar: Unicode.Scalar) -> UInt64 { UInt64(node) << 32 | UInt64(scalar.value) }

    func split(_ text: [Unicode.Scalar], _ range: Range<Int>) -> [AddedTokens.Segment] {
        guard !tokens.isEmpty else { return [.text(range)] }
        var segments: [AddedTokens.Segment] = []
        var textStart = range.lowerBound
        var position = range.lowerBound
        while position < range.upperBound {
            guard let (token, matchEnd) = longestMatch(text, position, range.upperBound) else {
                position += 1
                continue
            }
            var start = position
            var end = matchEnd
            position = matchEnd
            if token.isSingleWord {
                let touchesLeft = start > range.lowerBound && text[start - 1].isWord
                let touchesRight = end < range.upperBound && text[end].isWord
                if touchesLeft || touchesRight { continue }
            }
            if token.stripsLeft { while start > textStart, text[start - 1].properties.isWhitespace { start -= 1 } }
            if token.stripsRight { while end < range.upperBound, text[end].properties.isWhitespace { end += 1 } }
            if textStart < start { segments.append(.text(textStart..<start)) }
            segments.append(.token(token.id))
            textStart = end
            position = max(position, end)
        }
        if textStart < range.upperBound { segments.append(.text(textStart..<range.upperBound)) }
        return segments
    }

    private func longestMatch(_ text: [Unicode.Scalar], _ start: Int, _ limit: Int) -> (AddedTokens.Token, Int)? {
        var node = 0
        var position = start
        var found: (AddedTokens.Token, Int)?
        while position < limit, let next = edges[Self.edge(node, text[position])] {
            node = next
            position += 1
            if let token = tokens[node] { found = (token, position) }
        }
        return found
    }
}
