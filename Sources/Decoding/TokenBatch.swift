import ModelConfiguration
import Tensor

/// Requests of any length that sample their tokens together, and join and leave between two steps.
///
/// The ids of a request depend on the request alone: they are the same alone and in any batch, behind a kept prefix, after a pause,
/// behind told ids, and whatever was guessed of them. Prompts are cut at fixed places for that, and generated ids that are computed again pass through decode
/// steps as they did before. Used from one thread at a time.
package final class TokenBatch {
    package typealias Ticket = BatchScheduler.Ticket

    /// What happened in a round.
    package enum Event {
        /// A request has left the queue; the keys and values of the first `cached` tokens of its prompt were there before it. Its first event.
        case admitted(Ticket, cached: Int)
        /// The first `tokens` tokens of a request's prompt have been read.
        case read(Ticket, tokens: Int)
        /// A request's token with this index among those generated, told ones included.
        /// - logprob: where the request asks for it.
        case token(Ticket, index: Int, id: Int32, logprob: TokenLogprobs?)
        /// The stop condition is met by `ids`, all generated tokens, told ones included. The last event of a request.
        case done(Ticket, ids: [Int32])
        /// The last event of a request that ended early.
        case failed(Ticket, any Error)
    }

    let sequences: SequenceBatch
    let sampledIDs: Int
    var scheduler: BatchScheduler
    var members: [Ticket: Member] = [:]
    private var lastTicket = 0
    var inFlight: [InFlightStep] = []  // oldest first
    var hostSampler = HostSampler()
    /// Nil: no pass has guesses.
    var speculation: Speculation?

    /// Prompt tokens so far that were not computed because a kept prefix held them.
    package internal(set) var cachedTokens = 0
    /// How often a request has been paused because pages ran out.
    package internal(set) var preemptions = 0
    /// Passes of a request that sampled, over all requests: a step of n requests counts n.
    package internal(set) var passes = 0
    /// Tokens that they gave; as many as passes where nothing is guessed.
    package internal(set) var decodedTokens = 0

    /// - Parameters:
    ///   - size: the most requests in one step.
    ///   - cacheBytes: for keys and values, allocated at once and kept.
    ///   - sampledIDs: only ids below this are sampled; at most the decoder's `outputSize`.
    ///   - speculativeTokens: the most tokens of a request that a pass guesses, of its drafts.
    ///   - clock: by which passes are timed, to see how many guesses are worth while.
    package init(
        _ decoder: TokenDecoder, size: Int, cacheBytes: Int, sampledIDs: Int, speculativeTokens: Int = 0,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        let device = decoder.device
        let rows = min(DecoderSizes.stepRows(batch: size, speculativeTokens: speculativeTokens), device.batchRows)
        speculation = speculativeTokens > 0 ? Speculation(tokens: speculativeTokens, rows: rows, clock) : nil
        sequences = SequenceBatch(decoder, size: max(size, rows), cacheBytes: cacheBytes)
        scheduler = BatchScheduler(size: size)
        self.sampledIDs = sampledIDs
    }

    /// No request decodes and none waits.
    package var isEmpty: Bool { scheduler.isEmpty }
    /// Pages that no request holds; kept prefixes are given up where a request needs them.
    package var freePages: Int { sequences.freePages }
    package var pageCount: Int { sequences.pageCount }

    /// Appends a request to the queue. Its rows must be as wide as the decoder.
    /// - Throws: ``DecodingError/exceedsPool(pages:available:)``.
    package func add(_ request: DecodingRequest) throws(DecodingError) -> Ticket {
        guard request.pages <= sequences.pageCount else { throw .exceedsPool(pages: request.pages, available: sequences.pageCount) }
        lastTicket += 1
        members[lastTicket] = Member(request, speculation?.acceptance.prior ?? AcceptanceRate())
        scheduler.enqueue(lastTicket)
        return lastTicket
    }

    /// One round: cancelled requests leave, the request in prefill reads a chunk of its prompt, and each request whose prompt is complete
    /// samples a token, and more where guesses were right.
    ///
    /// - Parameters:
    ///   - checkCancellation: called for each request, and before each layer of a prefill for that request; what it throws ends the request.
    ///   - onEvent: called with each event, in order.
    /// - Throws: what the device throws. All requests are lost then; call ``removeAll()``.
    package func advance(checkCancellation: (Ticket) throws -> Void, onEvent: (Event) -> Void) throws {
        for ticket in scheduler.tickets where members[ticket] != nil {
            do { try checkCancellation(ticket) } catch { end(ticket, .failed(ticket, error), onEvent) }
        }
        admit(onEvent)
        if let ticket = scheduler.prefilling { try prefill(ticket, checkCancellation, onEvent) }
        try step(onEvent)
    }

    /// Ends a request between two steps, because its caller has found the end of its answer. No event of it follows. May be called
    /// from `onEvent`.
    package func finish(_ ticket: Ticket) { remove(ticket) }

    /// Removes all requests, and gives up kept prefixes: after a failure of the device they may hold anything.
    package func removeAll() {
        for ticket in scheduler.tickets { remove(ticket) }
        sequences.forgetPrefixes()
        inFlight = []
    }

    func end(_ ticket: Ticket, _ event: Event, _ onEvent: (Event) -> Void) {
        remove(ticket)
        onEvent(event)
    }

    private func remove(_ ticket: Ticket) {
        scheduler.remove(ticket)
        if let sequence = members.removeValue(forKey: ticket)?.sequence { sequences.close(sequence) }
    }
}
