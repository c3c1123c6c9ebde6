package import Foundation
package import Tokenizing

/// How a checkpoint lays out a conversation, from its chat template. The two that are in circulation are recognised by what they write;
/// another is refused, because it would be rendered otherwise than its author meant.
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
        let written = outline.texts.union(outline.outputs.flatMap(\.constants))
        func refuse(_ what: String, _ piece: String?) throws(TokenizingError) {
            guard let piece else { return }
            throw TokenizingError(
                .unsupported,
                "\(path): the template \(what) \(piece.debugDescription); supported are those of GLM-4.1V and GLM-4.6V-Flash, and it is compared "
                    + "with \(found.modelName)'s")
        }
        try refuse("writes", written.subtracting(found.required).subtracting(found.optional).min())
        try refuse("doesn't write", found.required.subtracting(written).min())
        try refuse("puts out", outline.outputs.filter { !found.isKnown($0, outline.variables) }.map(\.source).min())
        try refuse("sets a variable to", outline.assignments.filter { !found.isPart($0) }.map(\.source).min())
        if found == .thinkingSwitch {
            // Empty thoughts: as one text, or as what is left of the marks around a later turn's.
            let empty = "\n" + Self.noThoughts
            let choice = outline.outputs.contains { $0.names.contains("if") && Set($0.constants).isSuperset(of: ["\n<think>", "</think>"]) }
            if !written.contains(empty), !choice { try refuse("doesn't write", empty) }
            if !outline.outputs.contains(where: { $0.methods.contains("strip") }) { try refuse("doesn't trim", "content") }
        }
        self = found
    }

    private var modelName: String { self == .verbatim ? "GLM-4.1V" : "GLM-4.6V-Flash" }

    static let opening = "[gMASK]<sop>"
    static let image = "<|begin_of_image|><|image|><|end_of_image|>"
    static let noThoughts = "<think></think>"
    static let noThinking = "/nothink"

    /// The texts that the template writes, each of them.
    private var required: Set<String> {
        let common: Set = [Self.opening, "<|system|>\n", "<|user|>\n", "<|assistant|>\n", Self.image]
        return self == .verbatim ? common : common.union(["<|assistant|>", "\n", Self.noThoughts + "\n", Self.noThinking])
    }

    /// Those that it may write besides.
    private var optional: Set<String> { self == .verbatim ? [] : ["", "\n" + Self.noThoughts, "\n<think>", "</think>"] }

    /// Whether an expression that is put out is made of nothing but what the template puts together.
    private func isKnown(_ output: TemplateExpression, _ variables: Set<String>) -> Bool {
        guard self == .thinkingSwitch else {
            return output.methods.isEmpty && output.symbols == ["."] && output.attributes.isSubset(of: ["content", "text"])
        }
        let words: Set = ["if", "else", "not", "and", "is", "defined", "string", "loop", "enable_thinking"]
        return output.names.isSubset(of: variables.union(words))
            && output.attributes.isSubset(of: variables.union(["content", "text", "reasoning_content", "index0"]))
            && output.methods.isSubset(of: ["strip", "endswith"]) && output.symbols.isSubset(of: [".", "(", ")", "+", ">"])
    }

    /// Whether what is assigned to a variable is a part of a message, or nothing that is written.
    private func isPart(_ value: TemplateExpression) -> Bool {
        self == .thinkingSwitch && value.methods.isSubset(of: ["strip", "lstrip", "rstrip", "split"])
            && value.symbols.isDisjoint(with: ["|", "+", "~"])
            && Set(value.constants).isSubset(of: required.union(optional).union(["<think>"]))
    }
}
