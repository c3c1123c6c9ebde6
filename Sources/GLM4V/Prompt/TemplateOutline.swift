import Tokenizing

/// What a chat template writes of a conversation of texts and images: its literal texts and the expressions that it puts out, without the
/// branches for tools, videos and metadata, which no request leads to.
struct TemplateOutline {
    /// Literal texts, constants that stand beside them included.
    private(set) var texts: Set<String> = []
    /// Expressions without white space, with single quotes, `content` and `text` without the variable that holds them.
    private(set) var outputs: Set<String> = []
    /// The template has a switch for thinking, or marks thoughts.
    let knowsThinking: Bool

    /// - Throws: `unsupported` for statements other than branches, loops, macros and assignments; `malformed` for tags that don't match.
    init(_ template: String, path: String) throws(TokenizingError) {
        knowsThinking = template.contains("enable_thinking") || template.contains("<think>")
        var open: [String] = []
        var text = ""
        for part in try JinjaScanner.parts(of: template, path: path) {
            switch part {
            case .text(let literal): if Self.isReached(open) { text += literal }
            case .output(let expression):
                guard Self.isReached(open) else { continue }
                if let constant = Self.constant(expression) {
                    text += constant
                } else {
                    flush(&text)
                    outputs.insert(Self.normalized(expression))
                }
            case .statement(let statement):
                flush(&text)
                try Self.follow(statement, &open, path)
            }
        }
        flush(&text)
    }

    private mutating func flush(_ text: inout String) {
        if !text.isEmpty { texts.insert(text) }
        text = ""
    }

    private static func isReached(_ open: [String]) -> Bool {
        open.allSatisfy { condition in !["tool", "video", "metadata"].contains { condition.contains($0) } }
    }

    /// Keeps `open`, the conditions of the branches, loops and macros around what follows.
    private static func follow(_ statement: String, _ open: inout [String], _ path: String) throws(TokenizingError) {
        let keyword = String(statement.prefix { $0.isLetter })
        switch keyword {
        case "if", "for", "macro": open.append(statement)
        case "elif", "else", "endif", "endfor", "endmacro":
            guard !open.isEmpty else { throw TokenizingError(.malformed, "\(path): \(statement) without what it belongs to") }
            open.removeLast()
            if !keyword.hasPrefix("end") { open.append(statement) }
        case "set" where statement.contains("="): break
        default: throw TokenizingError(.unsupported, "\(path): the statement \(statement)")
        }
    }

    /// The text of an expression that is one literal.
    private static func constant(_ expression: String) -> String? {
        guard let quote = expression.first, "'\"".contains(quote), expression.count > 1, expression.last == quote else { return nil }
        let body = expression.dropFirst().dropLast()
        return body.contains(quote) ? nil : String(body).replacing("\\n", with: "\n")
    }

    private static func normalized(_ expression: String) -> String {
        expression.filter { !$0.isWhitespace }.replacing("\"", with: "'").replacing(/[A-Za-z_]+\.(content|text)\b/) { $0.1 }
    }
}
