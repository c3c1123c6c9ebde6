package import Foundation
package import Tokenizing

/// How a checkpoint lays out a conversation, from its chat template. The two that are in circulation are recognised by all that they
/// write; another is refused, because it would be rendered otherwise than its author meant.
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
        let (texts, outputs) = (found.texts, found.outputs)
        func refuse(_ what: String, _ pieces: Set<String>) throws(TokenizingError) {
            guard let piece = pieces.min() else { return }
            throw TokenizingError(
                .unsupported,
                "\(path): the template \(what) \(piece.debugDescription); supported are those of GLM-4.1V and GLM-4.6V-Flash, and it is compared "
                    + "with \(found.modelName)'s")
        }
        try refuse("writes", outline.texts.subtracting(texts))
        try refuse("puts out", outline.outputs.subtracting(outputs.required).subtracting(outputs.optional))
        try refuse("doesn't write", texts.subtracting(outline.texts))
        try refuse("doesn't put out", outputs.required.subtracting(outline.outputs))
        self = found
    }

    private var modelName: String { self == .verbatim ? "GLM-4.1V" : "GLM-4.6V-Flash" }

    static let opening = "[gMASK]<sop>"
    static let image = "<|begin_of_image|><|image|><|end_of_image|>"
    static let noThoughts = "<think></think>"
    static let noThinking = "/nothink"

    /// The literal texts that the template writes, each of them.
    private var texts: Set<String> {
        let common: Set = [Self.opening, "<|system|>\n", "<|user|>\n", "<|assistant|>\n", Self.image]
        return self == .verbatim ? common : common.union(["<|assistant|>", "\n" + Self.noThoughts])
    }

    /// The expressions that it puts out, as ``TemplateOutline`` writes them.
    private var outputs: (required: Set<String>, optional: Set<String>) {
        switch self {
        case .verbatim: (["content", "text"], [])
        case .thinkingSwitch:
            (
                [
                    "content", "text", "visible_text(content)",
                    #"'/nothink'if(enable_thinkingisdefinedandnotenable_thinkingandnotvisible_text(content).endswith('/nothink'))else''"#,
                    #"'\n<think>'+reasoning_content.strip()+'</think>'"#, #"'\n'+content.strip()"#,
                    #"'<think></think>\n'if(enable_thinkingisdefinedandnotenable_thinking)else''"#,
                ], ["item"]
            )
        }
    }
}
