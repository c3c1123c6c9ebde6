import Decoding
public import Domain
import ModelConfiguration

/// Requests of any mix of conversations that generate their answers together.
///
/// The ids of a request are the same alone and in any batch, and behind ids that another stage has told. Used from one thread at a time.
public final class AnswerBatch {
    public typealias Ticket = Int

    /// What happened in a round.
    public enum Event {
        /// A request has left the queue. Its first event; says how much of its prompt stands in the cache.
        case admitted(Ticket, AnswerLayout)
        /// The first `tokens` tokens of a request's prompt have been read.
        case read(Ticket, tokens: Int)
        /// The next token, and the text that it completes.
        case delta(Ticket, AnswerDelta)
        /// The last event of a request.
        case done(Ticket, AnswerResult)
        /// The last event of a request that ended early.
        case failed(Ticket, any Error)
    }

    private struct Member {
        var assembler: AnswerAssembler
        var layout: AnswerLayout
        let imageTokens: Int

        var result: AnswerResult {
            AnswerResult(
                finish: assembler.finish ?? .length,
                usage: AnswerUsage(
                    promptTokens: layout.promptTokens, cachedTokens: layout.cachedTokens, imageTokens: imageTokens,
                    completionTokens: assembler.count, reasoningTokens: assembler.reasoningCount),
                boxes: assembler.boxes)
        }
    }

    private let generator: AnswerGenerator
    private let batch: TokenBatch
    private var members: [Ticket: Member] = [:]
    /// Requests whose answers were told to their end, in the order of arrival. Their tickets are negative, so that none is a decoder's.
    private var complete: [Ticket] = []
    private var lastComplete = 0

    /// - Parameters:
    ///   - size: the most requests in one step.
    ///   - cacheBytes: for keys and values, allocated at once and kept.
    public init(_ generator: AnswerGenerator, size: Int, cacheBytes: Int) {
        self.generator = generator
        batch = TokenBatch(generator.decoder, size: size, cacheBytes: cacheBytes, sampledIDs: generator.sampledIDs)
    }

    /// No request generates and none waits.
    public var isEmpty: Bool { batch.isEmpty && complete.isEmpty }
    package var freePages: Int { batch.freePages }
    package var pageCount: Int { batch.pageCount }
    /// Prompt tokens so far that were not computed because an earlier prompt's keys and values served.
    public var cachedTokens: Int { batch.cachedTokens }
    /// How often a request has been paused because pages ran out.
    public var preemptions: Int { batch.preemptions }
    /// Passes of a request that sampled, and the tokens that they gave, over all requests.
    public var passes: Int { batch.passes }
    public var decodedTokens: Int { batch.decodedTokens }

    /// Appends a request to the queue.
    /// - Throws: `RequestError` for a request that the model refuses, that would never have enough pages for its keys and values, or that
    ///   tells ids behind the end of its answer.
    public func add(_ request: AnswerRequest) throws -> (ticket: Ticket, layout: AnswerLayout) {
        let prompt = try generator.prompt(request)
        let layout = AnswerLayout(promptTokens: prompt.ids.count, maxTokens: try maxTokens(request, prompt))
        var member = Member(
            assembler: generator.assembler(request, limit: layout.maxTokens), layout: layout,
            imageTokens: prompt.pictures.reduce(0) { $0 + $1.count })
        try member.assembler.replay(request.told, below: generator.sampledIDs)
        if member.assembler.finish != nil {
            lastComplete -= 1
            complete.append(lastComplete)
            members[lastComplete] = member
            return (lastComplete, layout)
        }
        let decoding = try generator.decoding(request, prompt, limit: layout.maxTokens)
        do throws(DecodingError) {
            let ticket = try batch.add(decoding)
            members[ticket] = member
            return (ticket, layout)
        } catch .exceedsPool(let pages, let available) {
            throw RequestError(
                "messages of \(layout.promptTokens) tokens and max_tokens \(layout.maxTokens) need \(pages) pages of \(DecoderSizes.pageRows) tokens, "
                    + "the stage's key-value cache has \(available)")
        }
    }

    /// One round: cancelled requests leave, the next request in the queue reads a chunk of its prompt, and each request whose prompt is
    /// complete generates a token.
    ///
    /// - Parameters:
    ///   - checkCancellation: called for each request, and before each layer of a prefill for that request; what it throws ends the request.
    ///   - onEvent: called with each event, in order.
    /// - Throws: what the device throws. All requests are lost then; call ``removeAll()``.
    public func advance(checkCancellation: (Ticket) throws -> Void, onEvent: (Event) -> Void) throws {
        for ticket in complete {
            if let member = members.removeValue(forKey: ticket) { onEvent(.done(ticket, member.result)) }
        }
        complete = []
        try batch.advance(checkCancellation: checkCancellation) { report($0, onEvent) }
    }

    /// Removes all requests and releases their pages.
    public func removeAll() {
        batch.removeAll()
        members = [:]
        complete = []
    }

    private func report(_ event: TokenBatch.Event, _ onEvent: (Event) -> Void) {
        switch event {
        case .admitted(let ticket, let cached):
            members[ticket]?.layout.cachedTokens = cached
            if let layout = members[ticket]?.layout { onEvent(.admitted(ticket, layout)) }
        case .read(let ticket, let tokens): onEvent(.read(ticket, tokens: tokens))
        case .token(let ticket, let index, let id, let logprobs): append(id, at: index, logprobs, to: ticket, onEvent)
        case .done: break  // The assembler ends with the same token at the latest.
        case .failed(let ticket, let error):
            members[ticket] = nil
            let isFinite = error as? DecodingError != .notFinite
            onEvent(.failed(ticket, isFinite ? error : GLMImageError(.notFinite, "the decoder's logits are not finite")))
        }
    }

    private func append(_ id: Int32, at index: Int, _ logprobs: TokenLogprobs?, to ticket: Ticket, _ onEvent: (Event) -> Void) {
        guard let piece = members[ticket]?.assembler.append(id) else { return }
        let reported = logprobs.map { [generator.logprob(id, $0)] } ?? []
        onEvent(.delta(ticket, AnswerDelta(first: index, ids: [id], reasoning: piece.reasoning, text: piece.text, logprobs: reported)))
        guard let member = members[ticket], member.assembler.finish != nil else { return }
        members[ticket] = nil
        batch.finish(ticket)
        onEvent(.done(ticket, member.result))
    }

    /// What the context and the cache have left where the request leaves it open.
    private func maxTokens(_ request: AnswerRequest, _ prompt: PromptProcessor.Prompt) throws(RequestError) -> Int {
        let most = try generator.maxTokens(request, prompt)
        guard request.parameters.options.maxTokens == nil else { return most }
        // No token follows the last one, whose keys and values are not stored.
        let room = batch.pageCount * DecoderSizes.pageRows - prompt.ids.count + 1
        guard room > 0 else {
            throw RequestError(
                "messages make \(prompt.ids.count) tokens, the stage's key-value cache has room for \(batch.pageCount * DecoderSizes.pageRows)")
        }
        return min(most, room)
    }
}
