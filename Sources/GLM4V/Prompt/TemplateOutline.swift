import Tokenizing

/// What a chat template writes of a conversation of texts and images, without the branches for tools, videos and metadata, which no request
/// leads to: not in which order, but each piece.
struct TemplateOutline {
    /// Literal texts, constants that stand beside them included.
    private(set) var texts: Set<String> = []
    /// Constants within the expressions that it puts out.
    private(set) var constants: Set<String> = []
    /// Functions, methods and filters (`|trim`) of these expressions. Macros of the template itself are none.
    private(set) var calls: Set<String> = []
    /// The template has a switch for thinking, or marks thoughts.
    let knowsThinking: Bool

    /// - Throws: `unsupported` for statements other than branches, loops, macros and assignments; `malformed` for tags that don't match.
    init(_ template: String, path: String) throws(TokenizingError) {
        knowsThinking = template.contains("enable_thinking") || template.contains("<think>")
        var open: [String] = []
        var macros: Set<String> = []
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
                    constants.formUnion(expression.matches(of: Self.quoted).map { Self.unescaped($0.1 ?? $0.2 ?? "") })
                    let code = expression.replacing(Self.quoted, with: "")
                    calls.formUnion(code.matches(of: /([A-Za-z_]+)\s*\(/).map { String($0.1) })
                    calls.formUnion(code.matches(of: /\|\s*([A-Za-z_]+)/).map { "|\($0.1)" })
                }
            case .statement(let statement):
                flush(&text)
                if let macro = statement.firstMatch(of: /^macro\s+([A-Za-z_]+)/) { macros.insert(String(macro.1)) }
                try Self.follow(statement, &open, path)
            }
        }
        flush(&text)
        // `if (…)` within an expression is no call.
        calls.subtract(macros.union(["if", "else", "and", "or", "not", "in", "is"]))
    }

    /// A literal in quotes of either kind.
    private static var quoted: Regex<(Substring, Substring?, Substring?)> { /'([^']*)'|"([^"]*)"/ }

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
        guard let match = expression.wholeMatch(of: quoted) else { return nil }
        return unescaped(match.1 ?? match.2 ?? "")
    }

    private static func unescaped(_ literal: Substring) -> String { String(literal).replacing("\\n", with: "\n") }
}
