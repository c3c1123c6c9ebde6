import ArgumentParser
import Domain
import GLMTiny

/// `glm ask`: an answer to a question, about pictures or without.
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Answer a question about images.",
        discussion: """
            The answer goes to standard output as it is generated, thoughts to standard error. Uses the gateway that runs; without one, starts a \
            fleet for this command alone and leaves nothing behind.
            """)

    @Argument(help: ArgumentHelp("PNG, JPEG or WebP files, - for standard input; then the question.", valueName: "image> ... <question"))
    var imagesAndQuestion: [String]

    @OptionGroup var options: QuestionOptions

    @Flag(help: "Print one JSON object when the answer is complete.")
    var json = false

    func validate() throws {
        try checkPictures(imagesAndQuestion.dropLast())
        try checkUsage { () throws(RequestError) in
            // Stand-ins for the pictures, which are read when all else is right.
            _ = try conversation(imagesAndQuestion.dropLast().map { _ in [] })
        }
    }

    func run() async throws {
        let conversation = try conversation(imagesAndQuestion.dropLast().map(readPicture))
        let screen = Screen(quiet: json)
        let question = Question(options, json: json)
        try await options.fleet.working(PipelineID.answer.stages(sources: conversation.imageCount), for: [.answer], screen) { gateway in
            _ = try await question.ask(conversation, at: gateway, screen)
        }
    }

    private func conversation(_ pictures: [[UInt8]]) throws(RequestError) -> Conversation {
        let question = imagesAndQuestion.last ?? ""
        return try Conversation(options.opening + [ChatMessage(role: .user, parts: pictures.map { .image($0) } + [.text(question)])])
    }
}
