import Tokenizing

<<<<<<< HEAD
/// What a chat template writes of a conversation of texts and images: its literal texts, and the expressions that it puts out or assigns,
/// without the branches for tools, videos and metadata, which no request leads to.
struct TemplateOutline {
    /// Literal texts, constants that stand beside them included.
    private(set) var texts: Set<String> = []
    /// Expressions that are put out, but for those constants.
    private(set) var outputs: Set<TemplateExpression> = []
    /// What is assigned to variables.
    private(set) var assignments: Set<TemplateExpression> = []
    /// Variables of loops and assignments, macros and their parameters.
    private(set) var variables: Set<String> = []
=======
/// What a chat template writes of a conversation of texts and images, without the branches for tools, videos and metadata, which no request
/// leads to: not in which order, but each piece.
struct TemplateOutline {
    /// Literal texts, constants that stand beside them included.
    private(set) var texts: Set<String> = []
    /// Constants within the expressions that it puts out.
    private(set) var constants: Set<String> = []
    /// Functions, methods and filters (`|trim`) of these expressions. Macros of the template itself are none.
    private(set) var calls: Set<String> = []
>>>>>>> origin/answers
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
            case .output(let source):
                guard Self.isReached(open) else { continue }
                let expression = TemplateExpression(source)
                if expression.isConstant {
                    text += expression.constants[0]
                } else {
                    flush(&text)
<<<<<<< HEAD
                    outputs.insert(expression)
                }
            case .statement(let statement):
                flush(&text)
                try follow(statement, &open, path)
=======
                    constants.formUnion(expression.matches(of: Self.quoted).map { Self.unescaped($0.1 ?? $0.2 ?? "") })
                    let code = expression.replacing(Self.quoted, with: "")
                    calls.formUnion(code.matches(of: /([A-Za-z_]+)\s*\(/).map { String($0.1) })
                    calls.formUnion(code.matches(of: /\|\s*([A-Za-z_]+)/).map { "|\($0.1)" })
                }
            case .statement(let statement):
                flush(&text)
                if let macro = statement.firstMatch(of: /^macro\s+([A-Za-z_]+)/) { macros.insert(String(macro.1)) }
                try Self.follow(statement, &open, path)
>>>>>>> origin/answers
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
    private mutating func follow(_ statement: String, _ open: inout [String], _ path: String) throws(TokenizingError) {
        let keyword = String(statement.prefix { $0.isLetter })
        let rest = String(statement.dropFirst(keyword.count))
        switch keyword {
        case "if": open.append(statement)
        case "for":
            variables.formUnion(TemplateExpression(rest.prefix(upTo: rest.firstRange(of: " in ")?.lowerBound ?? rest.endIndex).description).names)
            open.append(statement)
        case "macro":
            variables.formUnion(TemplateExpression(rest).names)
            open.append(statement)
        case "elif", "else", "endif", "endfor", "endmacro":
            guard !open.isEmpty else { throw TokenizingError(.malformed, "\(path): \(statement) without what it belongs to") }
            open.removeLast()
            if !keyword.hasPrefix("end") { open.append(statement) }
        case "set":
            guard let equals = rest.firstIndex(of: "=") else { fallthrough }
            guard Self.isReached(open) else { return }
            variables.formUnion(TemplateExpression(String(rest[..<equals])).names)
            assignments.insert(TemplateExpression(String(rest[rest.index(after: equals)...])))
        default: throw TokenizingError(.unsupported, "\(path): the statement \(statement)")
        }
    }
<<<<<<< HEAD
=======

    /// The text of an expression that is one literal.
    private static func constant(_ expression: String) -> String? {
        guard let match = expression.wholeMatch(of: quoted) else { return nil }
        return unescaped(match.1 ?? match.2 ?? "")
    }

    private static func unescaped(_ literal: Substring) -> String { String(literal).replacing("\\n", with: "\n") }
>>>>>>> origin/answers
}
