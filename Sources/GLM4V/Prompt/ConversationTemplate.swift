package import Foundation
package import Tokenizing

/// How a checkpoint lays out a conversation, from its chat template. The two that are in circulation are recognised by the pieces that they
/// write, however their statements are spelled; one that writes other pieces, or calls other functions, is refused, because it would be
/// rendered otherwise than its author meant.
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
        func refuse(_ what: String, _ piece: String?) throws(TokenizingError) {
            guard let piece else { return }
            throw TokenizingError(
                .unsupported,
                "\(path): the template \(what) \(piece.debugDescription); supported are those of GLM-4.1V and GLM-4.6V-Flash, and it is compared "
                    + "with \(found.modelName)'s")
        }
        let written = outline.texts.union(outline.constants)
        try refuse("writes", written.filter { !found.isMade($0) }.min())
        try refuse("calls", outline.calls.subtracting(["strip", "lstrip", "rstrip", "split", "endswith"]).min())
        try refuse("doesn't write", found.required.filter { piece in !outline.texts.contains { $0.contains(piece) } }.min())
        try refuse("doesn't write", found.marks.filter { piece in !written.contains { $0.contains(piece) } }.min())
        self = found
    }

    private var modelName: String { self == .verbatim ? "GLM-4.1V" : "GLM-4.6V-Flash" }

    static let opening = "[gMASK]<sop>"
    static let image = "<|begin_of_image|><|image|><|end_of_image|>"
    static let noThoughts = "<think></think>"
    static let noThinking = "/nothink"

    /// Pieces that the template writes, each of them, as literal text.
    private var required: [String] { [Self.opening, "<|system|>\n", "<|user|>\n", "<|assistant|>", Self.image] }

    /// Pieces that it writes, as literal text or within an expression.
    private var marks: [String] { self == .verbatim ? [] : [Self.noThinking, "<think>", "</think>"] }

    /// Whether a text is made of these pieces and white space alone.
    private func isMade(_ text: String) -> Bool {
        let rest = (required + marks).reduce(text) { $0.replacing($1.replacing("\n", with: ""), with: "") }
        return rest.allSatisfy(\.isWhitespace)
    }
}
