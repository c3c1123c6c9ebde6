import Decoding
import Domain
import ModelConfiguration

extension Verifier {
    /// The tokens that follow a prompt by argmax.
    ///
    /// Walks along the reference's own tokens, so that one near tie does not spoil all that follows. Where our argmax differs, the two
    /// candidates must be so close that either could win.
    /// - Parameters:
    ///   - sequence: holds the prompt, of which `batch` computed the last chunk last.
    ///   - each: called with each token's index and the logits that it is chosen by.
    func greedy(
        _ name: String, _ sequence: SequenceBatch.Sequence, _ batch: SequenceBatch, each: (Int, [Float]) -> Void
    ) throws -> Verdict {
        let expected = try reference.integers(name)
        batch.predictLast()
        var logits = try batch.lastLogits()
        var ties = 0
        for (index, id) in expected.enumerated() {
            each(index, logits)
            guard logits.indices.contains(id) else { throw VerificationError("greedy id \(id) is outside the \(logits.count) logits") }
            let best = logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
            if best != id {
                let limit = tolerance.isExact ? 1e-3 : tolerance.relative * Double(logits.reduce(0) { max($0, abs($1)) })
                let margin = Double(logits[best] - logits[id])
                if margin > limit {
                    return Verdict(
                        name: name, outcome: .fails, error: margin, limit: limit,
                        detail: "at \(index) of \(expected.count): \(best), reference \(id)")
                }
                ties += 1
            }
            if index + 1 < expected.count {
                try batch.step([sequence], .host([Int32(id)]))
                logits = try batch.lastLogits()
            }
        }
        return Verdict(name: name, outcome: .holds, error: 0, limit: 0, detail: "\(expected.count) ids, \(ties) of them near ties")
    }
}
