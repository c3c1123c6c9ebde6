/// The words of an expression in a chat template: enough to tell what it can make of a conversation.
struct TemplateExpression: Hashable {
    let source: String
    /// Its literal texts.
    private(set) var constants: [String] = []
    /// Names that stand by themselves: variables, macros and keywords.
    private(set) var names: Set<String> = []
    /// Names behind a dot that are read, and those that are called.
    private(set) var attributes: Set<String> = [], methods: Set<String> = []
    /// All else but white space.
    private(set) var symbols: Set<Character> = []

    init(_ source: String) {
        self.source = source
        var rest = Substring(source)
        var isBehindDot = false
        while let first = rest.first {
            if first == "'" || first == "\"" {
                let body = rest.dropFirst().prefix { $0 != first }
                constants.append(String(body).replacing("\\n", with: "\n"))
                rest = rest[body.endIndex...].dropFirst()
                isBehindDot = false
            } else if first.isLetter || first == "_" {
                let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
                rest = rest.dropFirst(name.count)
                if !isBehindDot {
                    names.insert(name)
                } else if rest.first == "(" {
                    methods.insert(name)
                } else {
                    attributes.insert(name)
                }
                isBehindDot = false
            } else {
                if !first.isWhitespace { symbols.insert(first) }
                isBehindDot = first == "."
                rest.removeFirst()
            }
        }
    }

    /// It is one literal text.
    var isConstant: Bool { constants.count == 1 && names.isEmpty && attributes.isEmpty && methods.isEmpty && symbols.isEmpty }
}
