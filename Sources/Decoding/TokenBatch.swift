import ModelConfiguration
import Tensor

/// Requests of any length that sample their tokens together, and join and leave between two steps.
///
/// The ids of a request are the same alone and in any batch. Used from one thread at a time.
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

    private struct Member {
        let request: DecodingRequest
        /// The part of the prompt that is not yet in the sequence.
        var unread: ArraySlice<Int32>
        var sequence: SequenceBatch.Sequence?
        /// Samples that were queued; `ids` holds those of them that have been read.
        var submitted = 0
        var ids: [Int32] = []

        init(_ request: DecodingRequest) {
            self.request = request
            unread = request.prompt[...]
        }
    }

    private let sequences: SequenceBatch
    private let sampledIDs: Int
    private var scheduler: BatchScheduler
    private var members: [Ticket: Member] = [:]
    private var lastTicket = 0
    private var inFlight: [InFlightStep] = []  // oldest first

    /// - Parameters:
    ///   - size: the most requests in one step.
    ///   - cacheBytes: for keys and values, allocated at once and kept.
    ///   - sampledIDs: only ids below this are sampled; at most the decoder's `outputSize`.
    package init(_ decoder: TokenDecoder, size: Int, cacheBytes: Int, sampledIDs: Int) {
        sequences = SequenceBatch(decoder, size: size, cacheBytes: cacheBytes)
        scheduler = BatchScheduler(size: size)
        self.sampledIDs = sampledIDs
    }

    /// No request decodes and none waits.
    package var isEmpty: Bool { scheduler.isEmpty }
    package var freePages: Int { sequences.freePages }
    package var pageCount: Int { sequences.pageCount }

    /// Appends a request to the queue.
    /// - Throws: ``DecodingError/exceedsPool(pages:available:)``.
    package func add(_ request: DecodingRequest) throws(DecodingError) -> Ticket {
        guard request.pages <= sequences.pageCount else { throw .exceedsPool(pages: request.pages, available: sequences.pageCount) }
        lastTicket += 1
        members[lastTicket] = Member(request)
        scheduler.enqueue(lastTicket, pages: request.pages)
        return lastTicket
    }

    /// One round: cancelled requests leave, the request in prefill reads a chunk of its prompt, and each request whose prompt is complete
    /// samples a token.
    ///
    /// - Parameters:
    ///   - checkCancellation: called for each request, and before each layer of a prefill for that request; what it throws ends the request.
    ///   - onEvent: called with each event, in order.
    /// - Throws: what the device throws. All requests are lost then; call ``removeAll()``.
    package func advance(checkCancellation: (Ticket) throws -> Void, onEvent: (Event) -> Void) throws {
        for ticket in scheduler.tickets {
            do { try checkCancellation(ticket) } catch { end(ticket, .failed(ticket, error), onEvent) }
        }
        if let ticket = scheduler.admit(freePages: sequences.freePages), let request = members[ticket]?.request {
            members[ticket]?.sequence = sequences.open(request.positions, capacity: request.capacity)
        }
        if let ticket = scheduler.prefilling { try prefill(ticket, checkCancellation, onEvent) }
        try step(onEvent)
    }

    /// Ends a request between two steps, because its caller has found the end of its answer. No event of it follows. May be called
    /// from `onEvent`.
    package func finish(_ ticket: Ticket) { remove(ticket) }

    /// Removes all requests and releases their pages.
    package func removeAll() {
        for ticket in scheduler.tickets { remove(ticket) }
        inFlight = []
    }

    private func prefill(_ ticket: Ticket, _ checkCancellation: (Ticket) throws -> Void, _ onEvent: (Event) -> Void) throws {
        guard let member = members[ticket], let sequence = member.sequence else { return }
        let ids = member.unread.prefix(DecoderSizes.prefillChunk)
        do { try sequences.extend(sequence, by: Array(ids)) { try checkCancellation(ticket) } } catch {
            return end(ticket, .failed(ticket, error), onEvent)
        }
        members[ticket]?.unread.removeFirst(ids.count)
        guard ids.endIndex == member.unread.endIndex else { return }
        scheduler.finishPrefill()
        sequences.predictLast()
        submit([ticket])
    }

    /// Queues a step of all requests that need another token, and reads the results of earlier steps.
    ///
    /// While the requests are the same as in the step before, the device goes on with the ids that it has sampled itself. A request whose
    /// stop token is read only later has then computed a few tokens too many, which are dropped.
    private func step(_ onEvent: (Event) -> Void) throws {
        var tickets = unfinished
        let same = inFlight.last?.tickets == tickets
        if !same {
            try retire(all: true, onEvent)
            tickets = unfinished
        }
        guard !tickets.isEmpty else { return }
        let stepping = tickets.compactMap { members[$0] }
        try sequences.step(stepping.compactMap(\.sequence), same ? .lastSampled : .host(stepping.map { $0.ids.last ?? 0 }))
        submit(tickets)
        try retire(all: false, onEvent)
    }

    /// The running requests that may need another token.
    private var unfinished: [Ticket] {
        scheduler.running.filter { ticket in members[ticket].map { $0.submitted < $0.request.stop.limit } ?? false }
    }

    /// Queues one sample for each ticket from the logits computed last.
    private func submit(_ tickets: [Ticket]) {
        let parameters = tickets.compactMap { ticket in members[ticket].map { $0.request.sampler.parameters(at: $0.submitted) } }
        for ticket in tickets { members[ticket]?.submitted += 1 }
        let (ids, mass) = sequences.sample(parameters, below: sampledIDs)
        inFlight.append(InFlightStep(tickets: tickets, ids: ids, mass: mass))
    }

    /// Reads the results of queued steps: of all, or of all but the last few that the device may run ahead.
    private func retire(all: Bool, _ onEvent: (Event) -> Void) throws {
        while inFlight.count > (all ? 0 : sequences.stepsAhead) {
            let step = inFlight.removeFirst()
            for (ticket, id) in zip(step.tickets, try step.wait()) { append(id, to: ticket, onEvent) }
        }
    }

    /// Adds a request's next token, and ends the request if it was the last.
    /// - Parameter id: nil if the logits were not finite.
    private func append(_ id: Int32?, to ticket: Ticket, _ onEvent: (Event) -> Void) {
        guard let index = members[ticket]?.ids.count else { return }
        guard let id else { return end(ticket, .failed(ticket, DecodingError.notFinite), onEvent) }
        members[ticket]?.ids.append(id)
        onEvent(.token(ticket, index: index, id: id, logprob: nil))
        guard let member = members[ticket], member.request.stop.isMet(by: member.ids) else { return }
        end(ticket, .done(ticket, ids: member.ids), onEvent)
    }

    private func end(_ ticket: Ticket, _ event: Event, _ onEvent: (Event) -> Void) {
        remove(ticket)
        onEvent(event)
    }

    private func remove(_ ticket: Ticket) {
        scheduler.remove(ticket)
        if let sequence = members.removeValue(forKey: ticket)?.sequence { sequences.close(sequence) }
    }
}
