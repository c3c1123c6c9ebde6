import Tokenizing

/// What a chat template writes of a conversation of texts and images: its literal texts, and the expressions that it puts out or assigns,
/// without the branches for tools, videos and metadata, which no request leads to.
struct TemplateOutline {
    /// Literal texts, constants that stand beside them included.
    private(set) var texts: Set<String> = []
    /// Expressions that are put out, but for those constants.
    private(set) var outputs: Set<TemplateExpression> = []
    /// What is assigned to variables.
    private(set) var assignments: Set<TemplateExpression> = []
    /// Variables of loops and assignments and their attributes, macros and their parameters.
    private(set) var variables: Set<String> = []
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
            case .output(let source):
                guard Self.isReached(open) else { continue }
                let expression = TemplateExpression(source)
                if expression.isConstant {
                    text += expression.constants[0]
                } else {
                    flush(&text)
                    outputs.insert(expression)
                }
            case .statement(let statement):
                flush(&text)
                try follow(statement, &open, path)
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
            let target = TemplateExpression(String(rest[..<equals]))
            variables.formUnion(target.names.union(target.attributes))
            assignments.insert(TemplateExpression(String(rest[rest.index(after: equals)...])))
        default: throw TokenizingError(.unsupported, "\(path): the statement \(statement)")
        }
    }
}
