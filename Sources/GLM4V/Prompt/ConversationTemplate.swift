package import Foundation
package import Tokenizing

<<<<<<< HEAD
/// How a checkpoint lays out a conversation, from its chat template. The two that are in circulation are recognised by what they write;
/// another is refused, because it would be rendered otherwise than its author meant.
=======
/// How a checkpoint lays out a conversation, from its chat template. The two that are in circulation are recognised by the pieces that they
/// write, however their statements are spelled; one that writes other pieces, or calls other functions, is refused, because it would be
/// rendered otherwise than its author meant.
>>>>>>> origin/answers
package enum ConversationTemplate: Sendable, Hashable, CaseIterable {
    /// GLM-4.1V: contents as they are; whether the model thinks can't be told to it.
    case verbatim
    /// GLM-4.6V-Flash: thinking can be switched off, and the thoughts of earlier turns are left out.
    case thinkingSwitch

    /// - Parameter folder: the checkpoint's.
    package init(folder: URL) throws(TokenizingError) {
        let file = try TemplateFile(folder: folder)
        try self.init(template: file.text, path: file.path)
    }

    package init(template: String, path: String) throws(TokenizingError) {
        let outline = try TemplateOutline(template, path: path)
        let found: ConversationTemplate = outline.knowsThinking ? .thinkingSwitch : .verbatim
<<<<<<< HEAD
        let written = outline.texts.union(outline.outputs.flatMap(\.constants))
=======
>>>>>>> origin/answers
        func refuse(_ what: String, _ piece: String?) throws(TokenizingError) {
            guard let piece else { return }
            throw TokenizingError(
                .unsupported,
                "\(path): the template \(what) \(piece.debugDescription); supported are those of GLM-4.1V and GLM-4.6V-Flash, and it is compared "
                    + "with \(found.modelName)'s")
        }
<<<<<<< HEAD
        try refuse("writes", written.subtracting(found.required).subtracting(found.optional).min())
        try refuse("doesn't write", found.required.subtracting(written).min())
        try refuse("puts out", outline.outputs.filter { !found.isKnown($0, outline.variables) }.map(\.source).min())
        try refuse("sets a variable to", outline.assignments.filter { !found.isKnown($0, outline.variables, isAssigned: true) }.map(\.source).min())
        if found == .thinkingSwitch {
            // Empty thoughts: as one text, or as what is left of the marks around a later turn's.
            let empty = "\n" + Self.noThoughts
            let choice = outline.outputs.contains { $0.names.contains("if") && Set($0.constants).isSuperset(of: ["\n<think>", "</think>"]) }
            if !written.contains(empty), !choice { try refuse("doesn't write", empty) }
            if !outline.outputs.contains(where: { $0.methods.contains("strip") }) { try refuse("doesn't trim", "content") }
        }
=======
        let written = outline.texts.union(outline.constants)
        try refuse("writes", written.filter { !found.isMade($0) }.min())
        try refuse("calls", outline.calls.subtracting(["strip", "lstrip", "rstrip", "split", "endswith"]).min())
        try refuse("doesn't write", found.required.filter { piece in !outline.texts.contains { $0.contains(piece) } }.min())
        try refuse("doesn't write", found.marks.filter { piece in !written.contains { $0.contains(piece) } }.min())
>>>>>>> origin/answers
        self = found
    }

    private var modelName: String { self == .verbatim ? "GLM-4.1V" : "GLM-4.6V-Flash" }

    static let opening = "[gMASK]<sop>"
    static let image = "<|begin_of_image|><|image|><|end_of_image|>"
    static let noThoughts = "<think></think>"
    static let noThinking = "/nothink"

<<<<<<< HEAD
    /// The texts that the template writes, each of them.
    private var required: Set<String> {
        let common: Set = [Self.opening, "<|system|>\n", "<|user|>\n", "<|assistant|>\n", Self.image]
        return self == .verbatim ? common : common.union(["<|assistant|>", "\n", Self.noThoughts + "\n", Self.noThinking])
    }

    /// Those that it may write besides.
    private var optional: Set<String> { self == .verbatim ? [] : ["", "\n" + Self.noThoughts, "\n<think>", "</think>"] }

    /// Whether an expression is made of nothing but what the template puts together.
    private func isKnown(_ expression: TemplateExpression, _ variables: Set<String>, isAssigned: Bool = false) -> Bool {
        guard self == .thinkingSwitch else {
            return expression.methods.isEmpty && expression.symbols == ["."] && expression.attributes.isSubset(of: ["content", "text"])
        }
        let words: Set = ["if", "else", "not", "and", "is", "defined", "string", "loop", "enable_thinking"]
        let attributes = variables.union(["content", "text", "reasoning_content", "index0", "user", "last_user_index"])
        let methods: Set = isAssigned ? ["strip", "lstrip", "rstrip", "split"] : ["strip", "endswith"]
        let symbols: Set<Character> = isAssigned ? [".", "(", ")", "[", "]", "-", "0", "1", "="] : [".", "(", ")", "+", ">"]
        let names = variables.union(words).union(isAssigned ? attributes.union(["namespace"]) : [])
        return expression.names.isSubset(of: names)
            && expression.attributes.isSubset(of: attributes) && expression.methods.isSubset(of: methods) && expression.symbols.isSubset(of: symbols)
=======
    /// Pieces that the template writes, each of them, as literal text.
    private var required: [String] { [Self.opening, "<|system|>\n", "<|user|>\n", "<|assistant|>", Self.image] }

    /// Pieces that it writes, as literal text or within an expression.
    private var marks: [String] { self == .verbatim ? [] : [Self.noThinking, "<think>", "</think>"] }

    /// Whether a text is made of these pieces and white space alone.
    private func isMade(_ text: String) -> Bool {
        let rest = (required + marks).reduce(text) { $0.replacing($1.replacing("\n", with: ""), with: "") }
        return rest.allSatisfy(\.isWhitespace)
>>>>>>> origin/answers
    }
}
