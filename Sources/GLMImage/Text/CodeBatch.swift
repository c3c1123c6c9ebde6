import Decoding
public import Domain
import ModelConfiguration

/// Requests of any mix of sizes and edits that generate their codes together.
///
/// The codes of a request are the same alone and in any batch. Used from one thread at a time.
public final class CodeBatch {
    public typealias Ticket = Int

    /// What happened in a round.
    public enum Event {
        /// A request's token with this index; the end token is the last.
        case token(Ticket, index: Int, id: Int32)
        /// The last event of a request.
        case done(Ticket, preview: CodeGrid?, target: CodeGrid)
        /// The last event of a request that ended early.
        case failed(Ticket, any Error)
    }

    private let generator: TextGenerator
    private let batch: TokenBatch
    private var prompts: [Ticket: PromptProcessor.Prompt] = [:]

    /// - Parameters:
    ///   - size: the most requests in one step.
    ///   - cacheBytes: for keys and values, allocated at once and kept.
    ///   - speculativeTokens: the most codes of a request that a pass guesses; 0: none. The codes are the same.
    ///   - clock: by which passes are timed, to see how many guesses are worth while.
    public init(
        _ generator: TextGenerator, size: Int, cacheBytes: Int, speculativeTokens: Int = 0, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.generator = generator
        batch = TokenBatch(
            generator.decoder, size: size, cacheBytes: cacheBytes, sampledIDs: generator.codeCount, speculativeTokens: speculativeTokens,
            clock: clock)
    }

    /// No request generates and none waits.
    public var isEmpty: Bool { batch.isEmpty }
    package var freePages: Int { batch.freePages }
    package var pageCount: Int { batch.pageCount }
    /// How often a request has been paused because pages ran out.
    package var preemptions: Int { batch.preemptions }
    /// Passes of a request that drew, and the codes that they gave, over all requests: as many where nothing is guessed.
    package var passes: Int { batch.passes }
    package var decodedTokens: Int { batch.decodedTokens }

    /// Appends a request to the queue.
    /// - Throws: `RequestError` for a request that the model refuses, or that would never have enough pages for its keys and values.
    public func add(_ request: TokenRequest) throws -> (ticket: Ticket, layout: TokenLayout) {
        let prompt = try generator.prompt(request)
        // Positions of a grid are codes only, and the end token can be nowhere but at the end: the picture is complete after exactly
        // that many codes.
        let decoding = DecodingRequest(
            prompt: generator.processor.fill(prompt.ids, with: request.sources.flatMap(\.codes)), positions: prompt.positions.positions,
            sampler: generator.sampler(request), stop: .count(prompt.generatedTokens - 1),
            drafts: DraftTokens(preview: prompt.preview, target: prompt.target, source: request.sources.first))
        do throws(DecodingError) {
            let ticket = try batch.add(decoding)
            prompts[ticket] = prompt
            return (ticket, TokenLayout(prompt))
        } catch .exceedsPool(let pages, let available) {
            throw RequestError(
                "prompt of \(prompt.ids.count) tokens and \(prompt.generatedTokens) to draw need \(pages) pages of \(DecoderSizes.pageRows) tokens, "
                    + "the stage's key-value cache has \(available)")
        }
    }

    /// One round: cancelled requests leave, the next request in the queue reads a chunk of its prompt, and each request whose prompt is
    /// complete generates a token, or several of which it has guessed all but the last.
    ///
    /// - Parameters:
    ///   - checkCancellation: called for each request, and before each layer of a prefill for that request; what it throws ends the request.
    ///   - onEvent: called with each event, in order.
    /// - Throws: what the device throws. All requests are lost then; call ``removeAll()``.
    public func advance(checkCancellation: (Ticket) throws -> Void, onEvent: (Event) -> Void) throws {
        try batch.advance(checkCancellation: checkCancellation) { event in
            switch event {
            case .admitted, .read: break
            case .token(let ticket, let index, let id, _): onEvent(.token(ticket, index: index, id: id))
            case .done(let ticket, let ids): finish(ticket, ids, onEvent)
            case .failed(let ticket, let error):
                prompts[ticket] = nil
                let isFinite = error as? DecodingError != .notFinite
                onEvent(.failed(ticket, isFinite ? error : GLMImageError(.notFinite, "the decoder's logits are not finite")))
            }
        }
    }

    /// Removes all requests and releases their pages.
    public func removeAll() {
        batch.removeAll()
        prompts = [:]
    }

    /// Behind the last code comes the end token, which needs no computing.
    private func finish(_ ticket: Ticket, _ codes: [Int32], _ onEvent: (Event) -> Void) {
        guard let prompt = prompts.removeValue(forKey: ticket) else { return }
        onEvent(.token(ticket, index: codes.count, id: generator.end))
        let previewCount = prompt.preview?.count ?? 0
        onEvent(
            .done(
                ticket, preview: prompt.preview.map { CodeGrid($0, codes: Array(codes[..<previewCount])) },
                target: CodeGrid(prompt.target, codes: Array(codes[previewCount...]))))
    }
}
