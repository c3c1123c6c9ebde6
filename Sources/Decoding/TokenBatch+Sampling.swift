// From logits to tokens.

extension TokenBatch {
    /// Queues one sample on the device for each row of the windows, from the first rows of the logits computed last.
    /// - Parameters:
    ///   - sequences: all rows of the pass but those of guesses.
    ///   - start: where its time begins.
    func submit(_ windows: [InFlightStep.Window], sequences count: Int, runsAhead: Bool, start: PassTimer.Start?) {
        let parameters = windows.flatMap { window in
            members[window.ticket].map { member in
                (0..<window.rows).map { member.request.sampler.parameters(at: member.submitted + $0) }
            } ?? []
        }
        // Of more than one token the host learns before the next step.
        for window in windows { members[window.ticket]?.submitted += 1 }
        passes += windows.count
        let (ids, mass) = sequences.sample(parameters, below: sampledIDs)
        inFlight.append(InFlightStep(windows: windows, sequences: count, runsAhead: runsAhead, start: start, ids: ids, mass: mass))
    }

    /// Samples for each ticket on the host, from the rows of the logits computed last that begin at `firstRow`.
    func sampleOnHost(_ tickets: [Ticket], firstRow: Int, _ onEvent: (Event) -> Void) throws {
        let logits = try sequences.lastLogits(rows: firstRow..<firstRow + tickets.count)
        let columns = logits.count / tickets.count
        passes += tickets.count
        for (row, ticket) in tickets.enumerated() {
            guard let member = members[ticket] else { continue }
            let forced = member.request.forced?.next(member.ids)
            let token = member.request.sampler.sample(
                Array(logits[row * columns..<row * columns + sampledIDs]), at: member.submitted, behind: member.history, forced: forced,
                with: &hostSampler)
            members[ticket]?.submitted += 1
            append(token, to: ticket, onEvent)
        }
    }

    /// Reads the results of queued steps: of all, or of all but the last few that the device may run ahead.
    func retire(all: Bool, _ onEvent: (Event) -> Void) throws {
        while inFlight.count > (all ? 0 : sequences.stepsAhead) {
            let step = inFlight.removeFirst()
            try sequences.settle()
            let drawn = zip(step.windows, try step.wait())
            endPass(step, accepted: drawn.reduce(0) { $0 + $1.0.right($1.1) })
            for (window, ids) in drawn { accept(ids, of: window, onEvent) }
        }
    }

    /// Adds a request's next token, and ends the request if it was the last.
    /// - Parameter token: nil if the logits were not finite.
    func append(_ token: HostSample?, to ticket: Ticket, _ onEvent: (Event) -> Void) {
        guard let index = members[ticket]?.ids.count else { return }
        guard let token else {
            // Whatever broke them may stand in a prefix that this request has kept.
            sequences.forgetPrefixes()
            return end(ticket, .failed(ticket, DecodingError.notFinite), onEvent)
        }
        members[ticket]?.append(token.id)
        decodedTokens += 1
        onEvent(.token(ticket, index: index, id: token.id, logprob: token.logprobs))
        guard let member = members[ticket], member.isComplete else { return }
        end(ticket, .done(ticket, ids: member.ids), onEvent)
    }
}
