import ArgumentParser
import Domain
import Files
import GLMTiny
import Processes
import ServerKit
import Wire

/// `glm chat`: a conversation about pictures, line by line.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk about images, question by question.",
        discussion: """
            Each line of standard input is a question; the conversation is kept in memory until the end. \(ChatLine.commands) Uses the gateway that \
            runs; without one, starts a fleet for this command alone and leaves nothing behind.
            """)

    @Argument(help: ArgumentHelp("PNG, JPEG or WebP files that the first question is about.", valueName: "image"))
    var images: [String] = []

    @OptionGroup var options: QuestionOptions

    func validate() throws {
        if images.contains(where: InputFile.isStandardInput) { throw ValidationError(ChatLine.standardInput) }
    }

    func run() async throws {
        let screen = Screen(quiet: false)
        let first = ChatHistory(opening: options.opening, pictures: try images.map(readPicture))
        let question = Question(options, json: false)
        try await options.fleet.working(PipelineID.answer.stages(sources: 1), for: [.answer], screen) { gateway in
            var history = first
            while let line = await Self.nextLine() {
                do {
                    switch ChatLine(line) {
                    case .nothing: break
                    case .end: return
                    case .help: screen.say(ChatLine.commands)
                    case .forget: history.forget()
                    case .image(let path) where InputFile.isStandardInput(path): throw ClientError(ChatLine.standardInput)
                    case .image(let path): history.add(try readPicture(path))
                    case .question(let text):
                        let answer = try await question.ask(history.asking(text), at: gateway, screen)
                        if answer.text.isEmpty { screen.say("no answer; the question is forgotten") } else { history.answered(text, answer.text) }
                    }
                } catch  where !Task.isCancelled && !(error is StandardStream.Failure) {
                    // The conversation goes on; the question that failed is no part of it.
                    screen.say("Error: \(error)")
                }
            }
        }
    }

    /// Nil at the end of standard input.
    private static func nextLine() async -> String? {
        if StandardStream.error.isTerminal { try? StandardStream.error.write("> ") }
        let line = Promise<String?>()
        BlockingThread.start { line.fulfil(readLine()) }
        return await line.value ?? nil
    }
}

/// What a line of a chat means.
enum ChatLine: Hashable {
    case nothing, end, help, forget
    case image(String)
    case question(String)

    static let standardInput = "standard input holds the questions; name a file of the image"
    static let commands = "/image FILE adds an image to the next question, /forget begins anew, /quit ends; so does the end of the input."

    init(_ line: String) {
        let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let rest = words.count > 1 ? words[1].trimmingPrefix(while: \.isWhitespace) : ""
        switch words.first {
        case nil: self = .nothing
        case "/quit", "/exit": self = .end
        case "/help", "/?": self = .help
        case "/forget": self = .forget
        case "/image" where !rest.isEmpty: self = .image(String(rest))
        case let word? where word.hasPrefix("/"): self = .help
        default: self = .question(line)
        }
    }
}
