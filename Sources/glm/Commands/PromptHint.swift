import Foundation

/// A prompt, or a question, may begin with a line, and is then taken for an option.
enum PromptHint {
    /// - Parameter message: what the parser of arguments says.
    /// - Returns: nil where no argument looks like such a prompt.
    static func text(for arguments: [String], _ message: String) -> String? {
        guard let command = arguments.dropFirst().first, ["generate", "edit", "ask"].contains(command), !arguments.contains("--"),
            message.contains("Missing expected argument") || message.contains("Unknown option") || message.contains("at least one picture"),
            let prompt = arguments.first(where: { $0.hasPrefix("-") && $0.contains(where: \.isWhitespace) && !$0.hasPrefix("--") })
        else { return nil }
        return "A \(command == "ask" ? "question" : "prompt") that begins with - goes to the end, after --:  glm \(command) ... -- '\(prompt)'"
    }
}
