// Several tokens of a request from one pass. A token depends on those before it and on numbers of its own, so a pass over guesses gives the
// same tokens as passes over what was drawn, as far as the guesses are what was drawn.
//
// Reference: Leviathan, Kalman, Matias 2023 (arXiv 2211.17192), with Gumbel-max in place of rejection; Teng et al. 2024
// (arXiv 2410.01699), from which the guess "what the last pass drew" comes.

extension TokenBatch {
    /// How a batch guesses.
    struct Speculation {
        /// The most guesses of one request in a pass.
        let tokens: Int
        /// The most rows of a pass.
        let rows: Int
        let clock: any Clock<Duration>
        var controller: SpeculationController
        /// Of all requests, for those to come.
        var acceptance = AcceptanceRate()

        init(tokens: Int, rows: Int, _ clock: any Clock<Duration>) {
            self.tokens = tokens
            self.rows = rows
            self.clock = clock
            controller = SpeculationController(rows: rows)
        }
    }

    /// The guesses of the next pass.
    /// - Parameters:
    ///   - tickets: whose ids are known, and for whom the device samples.
    ///   - others: rows of the pass that belong to other requests.
    func guesses(for tickets: [Ticket], beside others: Int) -> [Ticket: [Int32]] {
        guard let speculation else { return [:] }
        let guessing = tickets.filter { members[$0]?.request.drafts != nil }
        let candidates = guessing.map { ticket in
            SpeculationController.Candidate(
                members[ticket]?.acceptance ?? AcceptanceRate(), limit: min(speculation.tokens, members[ticket]?.mostGuesses ?? 0))
        }
        let counts = speculation.controller.guesses(candidates, beside: others + tickets.count - guessing.count)
        return Dictionary(uniqueKeysWithValues: zip(guessing, zip(guessing, counts).map { members[$0]?.guesses($1) ?? [] }))
    }

    /// Tells the controller how long a pass took and what it gave.
    func timed(_ requests: Int, _ guesses: [Ticket: [Int32]], _ pass: () throws -> Void) throws {
        guard let clock = speculation?.clock else { return try pass() }
        let before = decodedTokens - passes
        let time = try clock.measure(pass)
        speculation?.controller.observe(
            SpeculationController.Pass(
                sequences: requests, guesses: guesses.values.reduce(0) { $0 + $1.count }, accepted: max(0, decodedTokens - passes - before),
                seconds: time / .seconds(1)))
    }

    /// Adds what was drawn behind ids that are right: the first, and each one behind a guess that was drawn too. The rows of other guesses
    /// are given up.
    func accept(_ drawn: [Int32?], of window: InFlightStep.Window, _ onEvent: (Event) -> Void) {
        let right = zip(window.guesses, drawn).prefix { $0 == $1 }.count
        for (index, id) in drawn.prefix(right + 1).enumerated() {
            if index > 0 { members[window.ticket]?.submitted += 1 }
            append(id.map { HostSample(id: $0) }, to: window.ticket, onEvent)
        }
        guard speculation != nil, members[window.ticket] != nil else { return }
        members[window.ticket]?.sequence?.removeLast(window.guesses.count - right)
        members[window.ticket]?.drawn = drawn.dropFirst(right + 1).compactMap(\.self)
        members[window.ticket]?.acceptance.observe(guesses: window.guesses.count, accepted: right)
        speculation?.acceptance.observe(guesses: window.guesses.count, accepted: right)
    }
}

extension TokenBatch.Member {
    /// The most tokens that a pass may guess: it doesn't go beyond the end, nor take pages for guesses.
    var mostGuesses: Int { sequence.map { min(request.stop.limit - submitted, $0.room) - 1 } ?? 0 }

    /// Up to `count` guesses.
    func guesses(_ count: Int) -> [Int32] {
        guard count > 0, let drafts = request.drafts else { return [] }
        var ids = ids
        for index in 0..<count {
            guard let guess = drafts.next(ids, index < drawn.count ? drawn[index] : nil) else { break }
            ids.append(guess)
        }
        return Array(ids[self.ids.count...])
    }
}
