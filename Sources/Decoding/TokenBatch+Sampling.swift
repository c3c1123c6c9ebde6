// From logits to tokens.

extension TokenBatch {
    /// Queues one sample on the device for each ticket, from the first rows of the logits computed last.
    func submit(_ tickets: [Ticket]) {
        let parameters = tickets.compactMap { ticket in members[ticket].map { $0.request.sampler.parameters(at: $0.submitted) } }
        for ticket in tickets { members[ticket]?.submitted += 1 }
        let (ids, mass) = sequences.sample(parameters, below: sampledIDs)
        inFlight.append(InFlightStep(tickets: tickets, ids: ids, mass: mass))
    }

    /// Samples for each ticket on the host, from the rows of the logits computed last that begin at `firstRow`.
    func sampleOnHost(_ tickets: [Ticket], firstRow: Int, _ onEvent: (Event) -> Void) throws {
        let logits = try sequences.lastLogits(rows: firstRow..<firstRow + tickets.count)
        let columns = logits.count / tickets.count
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
            for (ticket, id) in zip(step.tickets, try step.wait()) { append(id.map { HostSample(id: $0) }, to: ticket, onEvent) }
        }
    }

    /// Adds a request's next token, and ends the request if it was the last.
    /// - Parameter token: nil if the logits were not finite.
    private func append(_ token: HostSample?, to ticket: Ticket, _ onEvent: (Event) -> Void) {
        guard let index = members[ticket]?.ids.count else { return }
        guard let token else {
            // Whatever broke them may stand in a prefix that this request has kept.
            sequences.forgetPrefixes()
            return end(ticket, .failed(ticket, DecodingError.notFinite), onEvent)
        }
        members[ticket]?.append(token.id)
        onEvent(.token(ticket, index: index, id: token.id, logprob: token.logprobs))
        guard let member = members[ticket], member.isComplete else { return }
        end(ticket, .done(ticket, ids: member.ids), onEvent)
    }
}
