import ModelConfiguration

// From the queue to the end of the prompt.

extension TokenBatch {
    /// Admits the request at the head of the queue if there are a place and pages for it.
    func admit(_ onEvent: (Event) -> Void) {
        let admitted = scheduler.admit { ticket in
            guard let member = members[ticket], !member.isComplete else { return true }
            let sequence =
                member.segments.isEmpty
                ? sequences.open(member.request.positions, capacity: member.capacity)
                : sequences.open(member.request.positions, capacity: member.capacity, behind: member.reusableSegments)
            members[ticket]?.sequence = sequence
            return sequence != nil
        }
        guard let ticket = admitted, let member = members[ticket] else { return }
        if !member.wasAdmitted {
            let cached = member.sequence?.count ?? 0
            members[ticket]?.wasAdmitted = true
            members[ticket]?.toldRead = cached
            cachedTokens += cached
            onEvent(.admitted(ticket, cached: cached))
        }
        // Told ids may already be all there are.
        if member.isComplete, members[ticket] != nil { end(ticket, .done(ticket, ids: member.ids), onEvent) }
    }

    /// Reads the next chunk of the prompt; behind the last one, the request decodes.
    func prefill(_ ticket: Ticket, _ checkCancellation: (Ticket) throws -> Void, _ onEvent: (Event) -> Void) throws {
        guard let member = members[ticket], let sequence = member.sequence else { return }
        let request = member.request
        let chunk = request.chunk(from: sequence.count)
        interruptPasses()
        do {
            try sequences.extend(sequence, by: Array(request.prompt[chunk]), inserted: request.rows) { try checkCancellation(ticket) }
        } catch { return end(ticket, .failed(ticket, error), onEvent) }
        if let segment = member.segments.first(where: { $0.tokens == chunk }) { sequences.keep(segment, of: sequence) }
        if chunk.upperBound > member.toldRead {
            members[ticket]?.toldRead = chunk.upperBound
            onEvent(.read(ticket, tokens: chunk.upperBound))
        }
        guard chunk.upperBound == request.prompt.count, members[ticket] != nil else { return }
        scheduler.finishPrefill()
        // Otherwise the ids behind the prompt are known, and the next steps compute them again.
        guard member.submitted == 0 else { return }
        sequences.predictLast()
        if request.samplesOnHost {
            try sampleOnHost([ticket], firstRow: 0, onEvent)
        } else {
            submit([InFlightStep.Window(ticket: ticket, guesses: [])], sequences: 1, runsAhead: false, start: nil)
        }
    }
}
