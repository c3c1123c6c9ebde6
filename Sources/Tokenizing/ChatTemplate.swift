public import Foundation

/// The prompt's layout from `processor/chat_template.jinja`: what stands for a source image, then the prompt as it is.
///
/// GLM-Image's template has no roles and no separators: one piece of literal text, written for each image, and the contents
/// themselves. A template that holds more is refused, because it would be rendered otherwise than its author meant.
public struct ChatTemplate: Sendable {
    /// What stands for one image.
    public let imageText: String

    /// - Parameter folder: the checkpoint's `processor` folder; the template may also stand in its tokenizer_config.json.
    public init(folder: URL) throws(TokenizingError) {
        let url = folder.appendingPathComponent("chat_template.jinja")
        let configuration = folder.appendingPathComponent("tokenizer_config.json")
        if TextFile.exists(url) {
            let data = try TextFile.read(url)
            guard let text = String(validating: data, as: UTF8.self) else { throw TokenizingError(.malformed, "\(url.path) is not UTF-8") }
            try self.init(template: text, path: url.path)
        } else if TextFile.exists(configuration), let text = try TextFile.decode(Configuration.self, configuration).template {
            try self.init(template: text, path: configuration.path)
        } else {
            throw TokenizingError(.missingFile, "\(url.path) is missing")
        }
    }

    private struct Configuration: Decodable {
        let template: String?
        enum CodingKeys: String, CodingKey { case template = "chat_template" }
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
