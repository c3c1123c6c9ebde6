import Domain
import Foundation
import Hummingbird
import HTTPTypes
import ServerKit
import Synchronization
import HTTPServing
import Wire

/// `chat/completions`: questions about pictures.
extension HTTPDoor {
    func chatCompletions(_ visit: Visit) async throws -> Response {
        var fields = try Fields(json: JSONValue(parsing: await json(visit, limit: Self.largestBody)))
        let names = fields.names, named = try IdempotentRequest(visit, fields)
        // Before pictures are fetched: they may not be there any more.
        if let answer = known(named) { return answer }
        var order = try ChatOrder(&fields, fetched: try await fetcher.fetch(ChatMessages.links(in: fields.value("messages"))))
        order.request.model = settings.model(order.request.model)
        let headers = visit.headers(withoutEffect: order.withoutEffect, isStream: order.isStream)
        do {
            if order.isStream { return try await stream(order, visit, headers, names) }
            return try await once(visit, named) { [order] in try await answer(order, visit, headers) }
        } catch let error as CallError {
            throw await explained(error, order, names, visit)
        }
    }

    private func completion(_ visit: Visit) -> ChatCompletion { ChatCompletion(id: visit.id, created: Int(Date().timeIntervalSince1970)) }

    private func answer(_ order: ChatOrder, _ visit: Visit, _ headers: HTTPFields) async throws -> PlainAnswer {
        let gathered = Gathered()
        try await usage.counting(for: visit.caller) { try await gateway.answer(order.request, visit.call()) { gathered.add($0) } }
        guard let answer = gathered.answer else { throw CallError(.internalError, "the work ended without an answer") }
        var completion = completion(visit)
        (completion.model, completion.fingerprint) = (answer.modelName, answer.modelFingerprint)
        let logprobs = order.request.parameters.logprobs == nil ? nil : gathered.logprobs
        return PlainAnswer(completion.body(answer, logprobs: logprobs, withoutEffect: order.withoutEffect), headers: headers)
    }

    /// Chunks as the answer is generated. What is refused is refused before the first.
    private func stream(_ order: ChatOrder, _ visit: Visit, _ headers: HTTPFields, _ names: Set<String>) async throws -> Response {
        let begun = completion(visit)
        let lines = try await WorkStream.begin { (tell: @escaping Send<EventStream.Line>) in
            let writer = ChunkWriter(begun, order, tell)
            try await usage.counting(for: visit.caller) {
                try await gateway.answer(order.request, visit.call(isStream: true)) { try await writer.write($0) }
            }
            try await tell(.done)
        }
        return EventStream.response(to: visit.peer, headers: headers, lines, fields: names)
    }

    /// A model that draws is not asked: whoever names one is told where it is served.
    private func explained(_ error: CallError, _ order: ChatOrder, _ names: Set<String>, _ visit: Visit) async -> APIError {
        let refusal = APIError(error, fields: names)
        guard refusal.code == "model_not_found", !order.request.model.isEmpty else { return refusal }
        let served = try? await served(visit)
        guard let model = served?.first(where: { $0.name == order.request.model }), model.pipeline != PipelineID.answer.rawValue else {
            return refusal
        }
        return APIError(400, "unsupported_value", "\(model.name) makes images and answers no questions; use images/generations", param: "model")
    }
}

/// Turns the gateway's events into chunks.
private actor ChunkWriter {
    private var completion: ChatCompletion
    private let order: ChatOrder
    private let tell: Send<EventStream.Line>
    private var usage = AnswerUsage()

    init(_ completion: ChatCompletion, _ order: ChatOrder, _ tell: @escaping Send<EventStream.Line>) {
        self.completion = completion
        self.order = order
        self.tell = tell
    }

    func write(_ event: AnswerQuestionEvent) async throws {
        switch event {
        case .accepted(let question):
            (completion.model, completion.fingerprint) = (question.modelName, question.modelFingerprint)
            try await chunk(["role": "assistant", "content": ""])
        case .progress(let progress): try await tell(.comment("\(progress.stage) \(progress.done)/\(progress.total)"))
        case .place(let place): try await tell(.comment("queued \(place.text)"))
        case .layout(let layout):
            usage.promptTokens = layout.promptTokens
            usage.cachedTokens = layout.cachedTokens
        case .delta(let delta):
            usage.completionTokens = delta.first + delta.ids.count
            var words: [String: JSONValue] = [:]
            if !delta.reasoning.isEmpty {
                words["reasoning"] = .string(delta.reasoning)
                words["reasoning_content"] = .string(delta.reasoning)
            }
            if !delta.text.isEmpty { words["content"] = .string(delta.text) }
            if words.isEmpty, delta.logprobs.isEmpty { return }
            try await chunk(words, logprobs: delta.logprobs)
        case .answer(let answer):
            usage = answer.usage
            try await chunk([:], end: answer)
            if order.tellsUsage { try await tell(.event(name: nil, completion.usageChunk(answer.usage))) }
        }
    }

    private func chunk(_ delta: [String: JSONValue], end: Answer? = nil, logprobs: [TokenLogprob] = []) async throws {
        let usage = order.tellsUsageAlways ? usage : nil
        try await tell(.event(name: nil, completion.chunk(delta, end: end, logprobs: logprobs, usage: usage)))
    }
}

/// What a plain answer is made of.
private final class Gathered: Sendable {
    private let state = Mutex((answer: Answer?.none, logprobs: [TokenLogprob]()))

    var answer: Answer? { state.withLock { $0.answer } }
    var logprobs: [TokenLogprob] { state.withLock { $0.logprobs } }

    func add(_ event: AnswerQuestionEvent) {
        switch event {
        case .delta(let delta): state.withLock { $0.logprobs += delta.logprobs }
        case .answer(let answer): state.withLock { $0.answer = answer }
        default: break
        }
    }
}
