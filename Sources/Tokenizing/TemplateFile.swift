package import Foundation

/// The text of a checkpoint's chat template, from chat_template.jinja or else from tokenizer_config.json.
package struct TemplateFile: Sendable {
    package let text: String
    /// Of the file that holds it, for errors.
    package let path: String

    package init(folder: URL) throws(TokenizingError) {
        let url = folder.appendingPathComponent("chat_template.jinja")
        let configuration = folder.appendingPathComponent("tokenizer_config.json")
        if TextFile.exists(url) {
            let data = try TextFile.read(url)
            guard let text = String(validating: data, as: UTF8.self) else { throw TokenizingError(.malformed, "\(url.path) is not UTF-8") }
            (self.text, path) = (text, url.path)
        } else if TextFile.exists(configuration), let text = try TextFile.decode(Configuration.self, configuration).template {
            (self.text, path) = (text, configuration.path)
        } else {
            throw TokenizingError(.missingFile, "\(url.path) is missing")
        }
    }

    private struct Configuration: Decodable {
        let template: String?
        enum CodingKeys: String, CodingKey { case template = "chat_template" }
    }
}
