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
        var controller: SpeculationController
        /// Of all requests, for those to come.
        var acceptance = AcceptanceRate()
        var timer = PassTimer()
        /// Time since the batch was made.
        let now: @Sendable () -> Duration

        /// - Parameter rows: the most rows of a pass.
        init(tokens: Int, rows: Int, _ clock: any Clock<Duration>) {
            self.tokens = tokens
            controller = SpeculationController(rows: rows)
            now = Self.stopwatch(clock)
        }

        private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
            let start = clock.now
            return { start.duration(to: clock.now) }
        }
    }

    /// Whether the next pass must know what is in flight because it has guesses, which stand behind ids that are known. A device that
    /// doesn't run ahead of the host loses nothing by that.
    var needsResults: Bool {
        guard speculation != nil, !inFlight.isEmpty else { return false }
        let tickets = scheduler.running.filter { members[$0]?.nextStep != nil }
        let guessing = tickets.filter { members[$0]?.isRecomputed == false }
        return !runsAhead(tickets) || guessCounts(for: guessing, beside: tickets.count - guessing.count, runsAhead: true).contains { $0.count > 0 }
    }

    /// Whether a pass of these requests without guesses leaves its results in flight.
    func runsAhead(_ tickets: [Ticket]) -> Bool {
        sequences.stepsAhead > 0 && !tickets.contains { members[$0]?.request.samplesOnHost == true }
    }

    /// The guesses of the next pass. Nothing is in flight.
    /// - Parameters:
    ///   - tickets: whose ids are known, and for whom the device samples.
    ///   - others: rows of the pass that belong to other requests.
    ///   - runsAhead: without guesses the pass runs ahead.
    func guesses(for tickets: [Ticket], beside others: Int, runsAhead: Bool) -> [Ticket: [Int32]] {
        let counts = guessCounts(for: tickets, beside: others, runsAhead: runsAhead)
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.ticket, members[$0.ticket]?.guesses($0.count) ?? []) })
    }

    /// How many guesses each of those requests gets that have drafts.
    private func guessCounts(for tickets: [Ticket], beside others: Int, runsAhead: Bool) -> [(ticket: Ticket, count: Int)] {
        guard let speculation else { return [] }
        let guessing = tickets.filter { members[$0]?.request.drafts != nil }
        let candidates = guessing.map { ticket in
            SpeculationController.Candidate(
                members[ticket]?.acceptance ?? AcceptanceRate(), limit: min(speculation.tokens, members[ticket]?.mostGuesses ?? 0))
        }
        let counts = speculation.controller.guesses(candidates, beside: others + tickets.count - guessing.count, runsAhead: runsAhead)
        return zip(guessing, counts).map { (ticket: $0, count: $1) }
    }

    /// A pass is about to be queued.
    /// - Returns: where its time begins; nil: it says nothing.
    func beginPass() -> PassTimer.Start? {
        guard let now = speculation?.now() else { return nil }
        return speculation?.timer.begin(at: now, isIdle: inFlight.isEmpty)
    }

    /// Something else than a pass is about to be queued, and the host will not wait for it.
    func interruptPasses() {
        guard speculation != nil, sequences.stepsAhead > 0 else { return }
        for index in inFlight.indices { inFlight[index].start = nil }
        speculation?.timer.interrupt()
    }

    /// Tells the controller how long a pass took whose results are there, and what it gave.
    func endPass(_ step: InFlightStep, accepted: Int) {
        guard let now = speculation?.now(), let seconds = speculation?.timer.end(step.start, at: now) else { return }
        speculation?.controller.observe(
            SpeculationController.Pass(
                sequences: step.sequences, guesses: step.guesses, accepted: accepted, seconds: seconds, runsAhead: step.runsAhead,
                isFirst: step.start != .behindPass))
    }

    /// Adds what was drawn behind ids that are right: the first, and each one behind a guess that was drawn too. The rows of other guesses
    /// are given up.
    func accept(_ drawn: [Int32?], of window: InFlightStep.Window, _ onEvent: (Event) -> Void) {
        let right = window.right(drawn)
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
