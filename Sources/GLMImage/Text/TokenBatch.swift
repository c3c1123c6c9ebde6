import ModelConfiguration
import Domain
import Tensor

/// Requests of any mix of sizes and edits that draw their tokens together, and join and leave between two steps.
///
/// The ids of a request are the same alone and in any batch. Used from one thread at a time.
public final class TokenBatch {
    public typealias Ticket = Int

    /// What a round brought.
    public enum Event {
        case token(Ticket, index: Int, id: Int32)
        /// The last of a request.
        case done(Ticket, preview: CodeGrid?, target: CodeGrid)
        /// The last of a request that ended early.
        case failed(Ticket, any Error)
    }

    private struct Member {
        let prompt: PromptProcessor.Prompt
        var unread: ArraySlice<Int32>
        let draws: CodeDraws
        var sequence: SequenceBatch.Sequence?
        /// Draws that were queued; `drawn` holds those of them that have come.
        var asked = 0
        var drawn: [Int32] = []

        /// Every place but the end token's.
        var wanted: Int { prompt.drawnTokens - 1 }
    }

    /// Draws on their way to the host, one of each ticket.
    private struct Flight {
        let tickets: [Ticket]
        let ids: PendingRead
        let mass: PendingRead
    }

    private let generator: TextGenerator
    private let sequences: SequenceBatch
    private var line: BatchLine
    private var members: [Ticket: Member] = [:]
    private var lastTicket = 0
    private var flights: [Flight] = []  // oldest first

    /// - Parameters:
    ///   - size: requests in one step, at most.
    ///   - cacheBytes: of keys and values, taken at once and kept.
    public init(_ generator: TextGenerator, size: Int, cacheBytes: Int) {
        self.generator = generator
        sequences = SequenceBatch(generator.decoder, size: size, cacheBytes: cacheBytes)
        line = BatchLine(size: size)
    }

    /// Nobody draws and nobody waits.
    public var isEmpty: Bool { line.isEmpty }
    package var freePages: Int { sequences.freePages }
    package var pageCount: Int { sequences.pageCount }

    /// Takes a request in line.
    /// - Throws: `GLMImageError` for one that the model refuses, or that could never have as many pages as it needs.
    public func add(_ request: TokenRequest) throws -> (ticket: Ticket, layout: TokenLayout) {
        let prompt = try generator.prompt(request)
        let pages = DecoderSizes.pages(rows: TokenBatch.cachedTokens(prompt))
        if pages > sequences.pageCount {
            throw GLMImageError(
                .invalidRequest,
                "prompt of \(prompt.ids.count) tokens and \(prompt.drawnTokens) to draw need \(pages) pages of \(DecoderSizes.pageRows) tokens, "
                    + "the stage's key-value cache has \(sequences.pageCount)")
        }
        lastTicket += 1
        let ids = generator.processor.fill(prompt.ids, with: request.sources.flatMap(\.codes))
        members[lastTicket] = Member(prompt: prompt, unread: ids[...], draws: generator.draws(request))
        line.arrive(lastTicket, pages: pages)
        return (lastTicket, TokenLayout(prompt))
    }

    /// A round: whoever is not wanted any more leaves, the next in line reads a stretch of its prompt, and everybody who has
    /// read theirs draws a token.
    ///
    /// - Parameters:
    ///   - check: called for each request, and before each layer for the one that reads; what it throws ends that request.
    ///   - emit: called with each event, in order.
    /// - Throws: what the device throws. All requests are lost then; see ``removeAll()``.
    public func advance(check: (Ticket) throws -> Void, emit: (Event) -> Void) throws {
        for ticket in line.tickets {
            do { try check(ticket) } catch { end(ticket, .failed(ticket, error), emit) }
        }
        if let ticket = line.admit(freePages: sequences.freePages), let prompt = members[ticket]?.prompt {
            members[ticket]?.sequence = sequences.open(
                Array((prompt.positions.prompt + prompt.positions.generated).prefix(TokenBatch.cachedTokens(prompt))))
        }
        if let ticket = line.joining { try read(ticket, check, emit) }
        try step(emit)
    }

    /// Forgets all requests and frees their pages.
    public func removeAll() {
        for ticket in line.tickets { remove(ticket) }
        flights = []
    }

    /// All tokens but the last that is drawn and the end token, which nothing follows.
    private static func cachedTokens(_ prompt: PromptProcessor.Prompt) -> Int { prompt.ids.count + prompt.drawnTokens - 2 }

    private func read(_ ticket: Ticket, _ check: (Ticket) throws -> Void, _ emit: (Event) -> Void) throws {
        guard let member = members[ticket], let sequence = member.sequence else { return }
        let ids = member.unread.prefix(DecoderSizes.prefillChunk)
        do { try sequences.extend(sequence, by: Array(ids)) { try check(ticket) } } catch {
            return end(ticket, .failed(ticket, error), emit)
        }
        members[ticket]?.unread.removeFirst(ids.count)
        guard ids.endIndex == member.unread.endIndex else { return }
        line.joined()
        sequences.predictLast()
        launch([ticket])
    }

    /// Queues a step of everybody who wants another token, and takes in what has come of those before.
    ///
    /// While they are the same as in the step before, the device goes on with what it has drawn itself. How many tokens a request
    /// draws is settled beforehand, so nothing hangs on knowing them.
    private func step(_ emit: (Event) -> Void) throws {
        var tickets = drawing
        let same = flights.last?.tickets == tickets
        if !same {
            try land(all: true, emit)
            tickets = drawing
        }
        guard !tickets.isEmpty else { return }
        let stepping = tickets.compactMap { members[$0] }
        try sequences.step(stepping.compactMap(\.sequence), same ? .lastDrawn : .these(stepping.map { $0.drawn.last ?? 0 }))
        launch(tickets)
        try land(all: false, emit)
    }

    private var drawing: [Ticket] { line.running.filter { ticket in members[ticket].map { $0.asked < $0.wanted } ?? false } }

    /// Places of a grid draw codes only, and the end token can stand nowhere but at the end, so a picture is never short.
    private func launch(_ tickets: [Ticket]) {
        let draws = tickets.compactMap { ticket in members[ticket].map { $0.draws.draw(at: $0.asked) } }
        for ticket in tickets { members[ticket]?.asked += 1 }
        let (ids, mass) = sequences.draw(draws, below: generator.codes)
        flights.append(Flight(tickets: tickets, ids: ids, mass: mass))
    }

    /// Takes in draws that have come to the host, all or but for the last few that the device runs ahead.
    private func land(all: Bool, _ emit: (Event) -> Void) throws {
        while flights.count > (all ? 0 : sequences.stepsAhead) {
            let flight = flights.removeFirst()
            let (ids, mass) = (try flight.ids.integers(), try flight.mass.floats())
            for (index, ticket) in flight.tickets.enumerated() { take(ticket, mass[index].isFinite ? ids[index] : nil, emit) }
        }
    }

    /// A request's next token, and its end behind the last.
    private func take(_ ticket: Ticket, _ id: Int32?, _ emit: (Event) -> Void) {
        guard let index = members[ticket]?.drawn.count else { return }
        guard let id else { return end(ticket, .failed(ticket, GLMImageError(.notFinite, "the decoder's logits are not finite")), emit) }
        members[ticket]?.drawn.append(id)
        emit(.token(ticket, index: index, id: id))
        guard let member = members[ticket], member.drawn.count == member.wanted else { return }
        let (prompt, codes) = (member.prompt, member.drawn)
        emit(.token(ticket, index: codes.count, id: generator.end))
        let previewCount = prompt.preview?.count ?? 0
        end(
            ticket,
            .done(
                ticket, preview: prompt.preview.map { CodeGrid(height: $0.height, width: $0.width, codes: Array(codes[..<previewCount])) },
                target: CodeGrid(height: prompt.target.height, width: prompt.target.width, codes: Array(codes[previewCount...]))), emit)
    }

    private func end(_ ticket: Ticket, _ event: Event, _ emit: (Event) -> Void) {
        remove(ticket)
        emit(event)
    }

    private func remove(_ ticket: Ticket) {
        line.leave(ticket)
        if let sequence = members.removeValue(forKey: ticket)?.sequence { sequences.close(sequence) }
    }
}
