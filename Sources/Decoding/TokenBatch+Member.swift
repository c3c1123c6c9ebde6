import ModelConfiguration

extension TokenBatch {
    /// One request and how far it is.
    struct Member {
        let request: DecodingRequest
        /// Of the prompt, where it is cached.
        let segments: [PrefixSegment]
        /// Nil while the request waits.
        var sequence: SequenceBatch.Sequence?
        /// Generated ids that the host knows: told ones, and samples that have been read.
        private(set) var ids: [Int32]
        /// How many ids are generated: `ids`, and samples in flight.
        var submitted: Int
        private(set) var history: TokenHistory
        /// What the last pass drew behind a wrong guess, for the places behind `ids`.
        var drawn: [Int32] = []
        /// Of its guesses.
        var acceptance: AcceptanceRate
        /// Prompt tokens that a `read` event has told of.
        var toldRead = 0
        var wasAdmitted = false

        init(_ request: DecodingRequest, _ acceptance: AcceptanceRate) {
            self.request = request
            segments = request.cachesPrefix ? request.segments : []
            ids = request.told
            submitted = request.told.count
            history = TokenHistory(request)
            self.acceptance = acceptance
        }

        /// Those of `segments` that a sequence may begin with: the last token is computed, for the logits behind it.
        var reusableSegments: some Swift.Sequence<PrefixSegment> { segments.lazy.filter { $0.tokens.upperBound < request.prompt.count } }
        /// Tokens that are known, and that a sequence must hold to go on.
        private var known: Int { request.prompt.count + ids.count }
        /// Tokens that it gets pages for when it is admitted: the known ones and a page to grow into; where the end is known all, since it
        /// will need them, and a pause would cost more than the wait.
        var capacity: Int {
            if case .count = request.stop { return request.capacity }
            return min(DecoderSizes.pages(rows: known) * DecoderSizes.pageRows + DecoderSizes.pageRows, request.capacity)
        }
        /// The stop condition is met.
        var isComplete: Bool { !ids.isEmpty && request.stop.isMet(by: ids) }

        mutating func append(_ id: Int32) {
            ids.append(id)
            history.append(id)
        }

        /// What the next step does for it; nil if it needs no further token.
        var nextStep: NextStep? {
            guard let sequence, submitted < request.stop.limit else { return nil }
            let computed = sequence.count - request.prompt.count
            guard computed < ids.count else { return .sampleBehindInFlight }
            return computed + 1 < submitted ? .recompute(ids[computed]) : .sample(behind: ids[computed])
        }

        /// The next step appends an id behind which others are known.
        var isRecomputed: Bool {
            if case .recompute = nextStep { true } else { false }
        }
    }

    enum NextStep {
        /// Appends an id that is still in flight, and samples.
        case sampleBehindInFlight
        /// Appends an id, and samples.
        case sample(behind: Int32)
        /// Appends an id; the one behind it is known too.
        case recompute(Int32)
    }
}
