import Decoding
import Testing

/// All that a batch says of one request until it ends.
struct Story: Equatable {
    var cached: Int?
    /// Of each `read` event.
    var reads: [Int] = []
    /// Index of the first token event.
    var first: Int?
    var ids: [Int32] = []
    var logprobs: [TokenLogprobs?] = []
    var done: [Int32]?
    var error: DecodingError?

    /// What must not depend on how a request is computed.
    var answer: Answer { Answer(ids: done ?? [], logprobs: logprobs) }

    struct Answer: Equatable {
        var ids: [Int32]
        var logprobs: [TokenLogprobs?]
    }

    /// Adds an event, which must be possible behind those before.
    mutating func add(_ event: TokenBatch.Event) {
        #expect(done == nil && error == nil, "\(event) behind the last event")
        switch event {
        case .admitted(_, let cached):
            #expect(self.cached == nil && ids.isEmpty)
            self.cached = cached
        case .read(_, let tokens):
            #expect(tokens > (reads.last ?? cached ?? .max) && ids.isEmpty)
            reads.append(tokens)
        case .token(_, let index, let id, let logprob):
            #expect(cached != nil)
            if first == nil { first = index }
            #expect(index == first! + ids.count)
            ids.append(id)
            logprobs.append(logprob)
        case .done(_, let ids):
            #expect(self.ids == ids.suffix(self.ids.count))
            done = ids
        case .failed(_, let error): self.error = error as? DecodingError
        }
    }
}

extension TokenBatch.Event {
    var ticket: Int {
        switch self {
        case .admitted(let ticket, _), .read(let ticket, _), .token(let ticket, _, _, _), .done(let ticket, _), .failed(let ticket, _): ticket
        }
    }
}

extension TokenBatch {
    /// Goes on for some rounds, or until nothing is left to do.
    func run(_ stories: inout [Int: Story], rounds: Int = .max) throws {
        var done = 0
        while !isEmpty, done < rounds {
            try advance(checkCancellation: { _ in }) { stories[$0.ticket, default: Story()].add($0) }
            done += 1
        }
    }

    /// The stories of requests that are added together, in their order.
    func run(_ requests: [DecodingRequest]) throws -> [Story] {
        let tickets = try requests.map { try add($0) }
        var stories: [Int: Story] = [:]
        try run(&stories)
        #expect(freePages == pageCount)
        return tickets.map { stories[$0] ?? Story() }
    }
}
