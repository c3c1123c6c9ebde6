import ArgumentParser
import Domain
import Wire

/// What `ask` and `chat` have in common: how an answer is made.
struct QuestionOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "Let the model think before it answers, or not. Default: as its template has it.")
    var think: Bool?

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens of thinking at most; the model must then answer.", valueName: "n"))
    var thinkingBudget: Int?

    @Option(parsing: .unconditional, help: ArgumentHelp("Tokens of the answer at most, thoughts included. Default: what fits.", valueName: "n"))
    var maxTokens: Int?

    @Option(help: ArgumentHelp("Instructions that stand before the conversation.", valueName: "text"))
    var system: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The same question with the same seed has the same answer. Default: random.", valueName: "s"))
    var seed: UInt64?

    @Option(parsing: .unconditional, help: ArgumentHelp("Sampling temperature; 0 is greedy. Default: the checkpoint's.", valueName: "t"))
    var temperature: Float?

    @Option(parsing: .unconditional, help: ArgumentHelp("Top-p (nucleus) sampling. Default: the checkpoint's.", valueName: "p"))
    var topP: Float?

    @Option(parsing: .unconditional, help: ArgumentHelp("Top-k sampling. Default: the checkpoint's.", valueName: "k"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only tokens at least this many times as likely as the likeliest. Default: no such limit.", valueName: "p"))
    var minP: Float?

    @Option(parsing: .unconditional, help: ArgumentHelp("Makes tokens that stand there already less likely; 1: no penalty.", valueName: "r"))
    var repetitionPenalty: Float?

    @Option(parsing: .unconditional, help: ArgumentHelp("The same for tokens of the answer, −2 to 2. Default: 0.", valueName: "r"))
    var presencePenalty: Float?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The same for each time that a token stands in the answer, −2 to 2. Default: 0.", valueName: "r"))
    var frequencyPenalty: Float?

    @Option(help: ArgumentHelp("The answer ends before this text; up to four times.", valueName: "text"))
    var stop: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Pixels of each image at most, after its resize. Default: the checkpoint's limit.", valueName: "n"))
    var maxPixels: Int?

    @Flag(help: "Leave the marks of thoughts, answers and boxes in the text.")
    var raw = false

    @Option(help: ArgumentHelp("Name of the model, in a fleet of several that answer; see glm status. Default: the only one.", valueName: "name"))
    var modelName: String?

    @OptionGroup var fleet: FleetOptions

    func validate() throws { try checkUsage(options.check) }

    var options: AnswerOptions {
        var options = AnswerOptions(maxTokens: maxTokens, seed: seed, temperature: temperature, topP: topP, topK: topK, minP: minP)
        options.repetitionPenalty = repetitionPenalty
        options.presencePenalty = presencePenalty
        options.frequencyPenalty = frequencyPenalty
        options.stop = stop
        options.thinking = think.map { $0 ? .on : .off } ?? .automatic
        options.thinkingBudget = thinkingBudget
        options.raw = raw
        options.maxPixels = maxPixels
        return options
    }

    /// The instructions, where there are any.
    var opening: [ChatMessage] { system.map { [ChatMessage(.system, $0)] } ?? [] }
}
