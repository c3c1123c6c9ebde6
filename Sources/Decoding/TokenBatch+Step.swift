// One token for each request whose prompt is complete.

extension TokenBatch {
    /// The requests of a step, in the order of its rows.
    private struct Rows {
        /// Their ids are in flight; the device samples the next.
        var inFlight: [Ticket] = []
        /// Their ids are known; the device samples the next.
        var onDevice: [Ticket] = []
        /// Their ids are known; the host samples the next.
        var onHost: [Ticket] = []
        /// Their ids and the next ones are known.
        var recomputed: [Ticket] = []
        /// Of all but those in flight, in the order of the rows.
        var ids: [Ticket: Int32] = [:]

        var known: [Ticket] { onDevice + onHost + recomputed }
        var tickets: [Ticket] { inFlight + known }
        var sampledOnDevice: [Ticket] { inFlight + onDevice }
    }

    /// Queues a step of all requests that need another token, and reads the results of earlier steps.
    ///
    /// While the requests that the device samples for are the same as in the step before, it goes on with the ids that it has sampled itself.
    /// A request whose stop token is read only later has then computed a few tokens too many, which are dropped. A pass with guesses waits for
    /// all results before it, and the next one for its own, since they decide what is computed.
    func step(_ onEvent: (Event) -> Void) throws {
        if needsResults { try retire(all: true, onEvent) }
        var rows = rowsOfStep
        if let last = inFlight.last, last.tickets != rows.inFlight {
            try retire(all: true, onEvent)
            rows = rowsOfStep
        }
        if !sequences.hasPages(forStep: sequences(of: rows)) {
            try retire(all: true, onEvent)
            rows = rowsOfStep
            while !sequences.hasPages(forStep: sequences(of: rows)) {
                pauseLast()
                rows = rowsOfStep
            }
        }
        guard !rows.tickets.isEmpty else { return }
        let runsAhead = runsAhead(rows.tickets)
        let guesses =
            inFlight.isEmpty ? guesses(for: rows.onDevice, beside: rows.tickets.count - rows.onDevice.count, runsAhead: runsAhead) : [:]
        try compute(rows, guesses, runsAhead: runsAhead, onEvent)
    }

    /// - Parameter guesses: of those whose ids are known and for whom the device samples.
    private func compute(_ rows: Rows, _ guesses: [Ticket: [Int32]], runsAhead: Bool, _ onEvent: (Event) -> Void) throws {
        func window(_ ticket: Ticket) -> InFlightStep.Window { InFlightStep.Window(ticket: ticket, guesses: guesses[ticket] ?? []) }
        let ids = rows.known.flatMap { ticket in (rows.ids[ticket].map { [$0] } ?? []) + window(ticket).guesses }
        let repeated = rows.tickets.flatMap { ticket in
            members[ticket]?.sequence.map { Array(repeating: $0, count: window(ticket).rows) } ?? []
        }
        let windows = rows.sampledOnDevice.map(window)
        let start = windows.isEmpty ? nil : beginPass()
        let sampledOnDevice = windows.reduce(0) { $0 + $1.rows }
        try sequences.step(
            repeated, rows.inFlight.isEmpty ? .host(ids) : .lastSampled(then: ids), predicted: sampledOnDevice + rows.onHost.count)
        if !windows.isEmpty { submit(windows, sequences: rows.tickets.count, runsAhead: runsAhead, start: start) }
        if rows.sampledOnDevice.isEmpty, rows.onHost.isEmpty { interruptPasses() }
        if !rows.onHost.isEmpty { try sampleOnHost(rows.onHost, firstRow: sampledOnDevice, onEvent) }
        try retire(all: !runsAhead || windows.contains { !$0.guesses.isEmpty }, onEvent)
    }

    private var rowsOfStep: Rows {
        var rows = Rows()
        for ticket in scheduler.running {
            guard let member = members[ticket], let next = member.nextStep else { continue }
            switch next {
            case .sampleBehindInFlight: rows.inFlight.append(ticket)
            case .sample(let id):
                rows.ids[ticket] = id
                if member.request.samplesOnHost { rows.onHost.append(ticket) } else { rows.onDevice.append(ticket) }
            case .recompute(let id):
                rows.ids[ticket] = id
                rows.recomputed.append(ticket)
            }
        }
        return rows
    }

    private func sequences(of rows: Rows) -> [SequenceBatch.Sequence] { rows.tickets.compactMap { members[$0]?.sequence } }

    /// Takes the pages of the request that was admitted last; it is computed again later. Nothing of it may be in flight.
    private func pauseLast() {
        guard let ticket = scheduler.pauseLast(), let sequence = members[ticket]?.sequence else {
            preconditionFailure("no pages for a step although no request holds any")
        }
        sequences.close(sequence)
        members[ticket]?.sequence = nil
        preemptions += 1
    }
}
