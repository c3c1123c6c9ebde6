public import Foundation

/// The prompt's layout from `processor/chat_template.jinja`: what stands for a source image, then the prompt as it is.
///
/// GLM-Image's template has no roles and no separators: one piece of literal text, written for each image, and the contents
/// themselves. A template that holds more is refused, because it would be rendered otherwise than its author meant.
public struct ChatTemplate: Sendable {
    /// What stands for one image.
    public let imageText: String

    /// - Parameter folder: the checkpoint's `processor` folder.
    public init(folder: URL) throws(TokenizingError) {
        let file = try TemplateFile(folder: folder)
        try self.init(template: file.text, path: file.path)
    }

    package init(template: String, path: String) throws(TokenizingError) {
        func refused(_ message: String) -> TokenizingError { TokenizingError(.unsupported, "\(path): \(message)") }

        var literal: String?
        var condition = ""
        for part in try JinjaScanner.parts(of: template, path: path) {
            switch part {
            case .text(let text):
                guard literal == nil else { throw refused("a second literal text, \(text); only the one for an image is supported") }
                guard condition.contains("image") else { throw refused("the literal text \(text) outside a branch for images") }
                literal = text
            case .statement(let statement):
                guard ["for", "endfor", "if", "elif", "else", "endif"].contains(statement.prefix { $0.isLetter }) else {
                    throw refused("the statement \(statement)")
                }
                if statement.hasPrefix("if") || statement.hasPrefix("elif") { condition = statement } else { condition = "" }
            case .output(let expression):
                // `message.content` and `item.text`, whatever the loops call their variables.
                let names = expression.split(separator: ".", omittingEmptySubsequences: false)
                guard names.count == 2, names[0].allSatisfy({ $0.isLetter || $0 == "_" }), ["content", "text"].contains(names[1]) else {
                    throw refused("the output of \(expression); only a message's content and an item's text are supported")
                }
            }
        }
        guard let literal else { throw refused("no literal text stands for an image") }
        imageText = literal
    }

    /// The text of one user message: its images, then the prompt.
    public func render(prompt: String, imageCount: Int) -> String {
        String(repeating: imageText, count: imageCount) + prompt
    }
}
