import Domain
import ServerKit
import Synchronization
import Terminal
import Wire

/// Asks a gateway and shows the answer while it comes.
struct Question: Sendable {
    private let options: AnswerOptions
    private let model: String
    private let json: Bool

    init(_ options: QuestionOptions, json: Bool) {
        self.options = options.options
        model = options.modelName ?? ""
        self.json = json
    }

    /// - Returns: the complete answer; it is written already, as text or as JSON.
    func ask(_ conversation: Conversation, at gateway: RunningGateway, _ screen: Screen) async throws -> Answer {
        let request = AnswerQuestionRequest(messages: conversation.messages, model: model, parameters: options)
        let output = AnswerOutput(isQuiet: json)
        let requestID = RequestID.make()
        do {
            // Only the beginning of another answer could follow what was shown.
            let answer = try await gateway.calling(while: { !output.hasShown }) { connection in
                try await GatewayClient(connection).answer(request, CallSettings(requestID: requestID)) { event in
                    switch event {
                    case .accepted, .layout, .answer: break
                    case .progress(let progress): screen.show(progress)
                    case .place(let place): screen.show(place)
                    case .delta(let delta):
                        screen.end()
                        try output.show(delta)
                    }
                }
            }
            screen.end()
            try output.end()
            if json { try printJSON(AnswerReport(answer, requestID: requestID), snakeCase: true) }
            return answer
        } catch {
            screen.end()
            // What was told so far stays; the reason stands on a line of its own.
            try? output.end()
            throw error
        }
    }
}

/// Writes an answer to standard output, and its thoughts to standard error.
private final class AnswerOutput: Sendable {
    private let text: Mutex<AnswerText>
    private let isQuiet: Bool
    private let shown = Atomic(false)

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
        text = Mutex(AnswerText(dimsThoughts: StandardStream.error.isTerminal))
    }

    /// Something of the answer, or of its thoughts.
    var hasShown: Bool { shown.load(ordering: .relaxed) }

    func show(_ delta: AnswerDelta) throws(StandardStream.Failure) {
        if !isQuiet { shown.store(true, ordering: .relaxed) }
        try write(text.withLock { $0.show(reasoning: delta.reasoning, text: delta.text) })
    }

    func end() throws(StandardStream.Failure) { try write(text.withLock { $0.end() }) }

    private func write(_ outputs: [AnswerText.Output]) throws(StandardStream.Failure) {
        guard !isQuiet else { return }
        for output in outputs {
            switch output {
            case .answer(let text): try StandardStream.output.write(text)
            // Thoughts that can't be shown are left out.
            case .thought(let text): try? StandardStream.error.write(text)
            }
        }
    }
}
