/// How many guesses each sequence of a pass gets: as many as make tokens fastest, by what was accepted and what rows cost before.
///
/// Time is kept like money: guesses that were right earn what they saved, wrong ones spend what they cost, and no pass may cost more than is
/// there. Beside that a fiftieth of all time is granted, which is what guesses that are never
/// right may cost as far as the times are known: a machine whose speed drifts pays more.
/// Where the device runs ahead of the host, a pass with guesses gives that up: passes that run ahead have times of their own.
/// A value: times and results are told to it, and the tokens don't depend on it.
package struct SpeculationController: Sendable {
    /// A sequence that may get guesses.
    package struct Candidate: Sendable {
        package var acceptance: AcceptanceRate
        /// The most guesses that it has a use for.
        package var limit: Int

        package init(_ acceptance: AcceptanceRate, limit: Int) {
            self.acceptance = acceptance
            self.limit = limit
        }
    }

    /// A pass that was timed.
    package struct Pass: Sendable {
        /// Rows of sequences without their guesses.
        package var sequences: Int
        /// Rows with guesses, of all sequences.
        package var guesses: Int
        /// Guesses that were right: tokens beyond one for each sequence.
        package var accepted: Int
        package var seconds: Double
        /// Without guesses, passes like it are queued before the results of those before them are known.
        package var runsAhead: Bool
        /// No pass was in flight when it was queued.
        package var isFirst: Bool

        package init(sequences: Int, guesses: Int, accepted: Int, seconds: Double, runsAhead: Bool = false, isFirst: Bool = true) {
            self.sequences = sequences
            self.guesses = guesses
            self.accepted = accepted
            self.seconds = seconds
            self.runsAhead = runsAhead
            self.isFirst = isFirst
        }
    }

    /// The most rows of a pass.
    package let rows: Int
    /// Of passes that are alone in flight.
    private var times: PassTimes
    /// Of passes that run ahead.
    private var timesAhead: PassTimes
    /// Seconds that guesses may cost.
    private var credit = 0.0
    /// Passes since one without guesses.
    private var speculated = 0

    /// The share of all time that is granted.
    private static let granted = 0.02
    /// The most that is saved up, and owed, in passes without guesses: what was earned long ago doesn't pay for much.
    private static let saved = 8.0, owed = 1.0
    /// A pass without guesses comes at least this often, so that its time is known.
    private static let longest = 64

    package init(rows: Int) {
        self.rows = rows
        times = PassTimes(rows: rows)
        timesAhead = times
    }

    /// The number of guesses for each candidate, in their order.
    /// - Parameters:
    ///   - others: rows of the pass that belong to no candidate.
    ///   - runsAhead: without guesses the pass runs ahead.
    package func guesses(_ candidates: [Candidate], beside others: Int, runsAhead: Bool = false) -> [Int] {
        let sequences = candidates.count + others
        let none = candidates.map { _ in 0 }
        guard sequences < rows, speculated < Self.longest, let plain = plain(sequences, runsAhead) else { return none }
        let chances = candidates.map { $0.acceptance.chances(min($0.limit, rows - sequences)) }
        var best = none, tried = none
        var tokens = Double(sequences)
        var rate = tokens / plain
        for row in sequences + 1..<rows + 1 {
            // The next row goes where it is likeliest to be of use.
            let open = candidates.indices.filter { tried[$0] < chances[$0].count }
            guard let next = open.max(by: { chances[$0][tried[$0]] < chances[$1][tried[$1]] }), let time = guessing(row),
                time - plain <= credit
            else { break }
            tokens += chances[next][tried[next]]
            tried[next] += 1
            if tokens / time > rate { (best, rate) = (tried, tokens / time) }
        }
        return best
    }

    /// The time of a pass without guesses.
    private func plain(_ rows: Int, _ runsAhead: Bool) -> Double? { runsAhead ? timesAhead(rows) : times(rows) }

    /// The time of a pass with guesses. What such a pass waits for doesn't grow with its rows.
    private func guessing(_ rows: Int) -> Double? { times(rows, beyond: timesAhead.assumedRow) ?? timesAhead(rows) }

    package mutating func observe(_ pass: Pass) {
        let all = pass.sequences + pass.guesses
        // The first pass that runs ahead again waits as the one with guesses before it did: it tells what that cost, not how long passes take.
        let resumes = pass.runsAhead && pass.guesses == 0 && pass.isFirst
        if pass.guesses > 0 { speculated += 1 } else if !resumes { speculated = 0 }
        if pass.runsAhead, pass.guesses == 0 {
            if !resumes { timesAhead.observe(rows: all, seconds: pass.seconds) }
        } else {
            times.observe(rows: all, seconds: pass.seconds)
        }
        guard let plain = plain(pass.sequences, pass.runsAhead), let guessing = guessing(all) else { return }
        let time = pass.guesses > 0 ? guessing : resumes ? min(pass.seconds, 2 * plain) : plain
        let worth = plain * Double(pass.sequences + pass.accepted) / Double(pass.sequences)
        credit = min(max(credit + Self.granted * plain + worth - time, -Self.owed * plain), Self.saved * plain)
    }
}
