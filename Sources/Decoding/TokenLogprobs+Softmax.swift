import Foundation

extension TokenLogprobs {
    /// The log-softmax of one row of finite logits at `id` and at its largest values.
    init(of id: Int32, _ logits: [Float], alternatives count: Int) {
        precondition(logits.indices.contains(Int(id)), "id \(id) of \(logits.count)")
        let largest = Double(logits.max() ?? 0)
        let normalizer = largest + log(logits.reduce(0) { $0 + exp(Double($1) - largest) })
        func logprob(_ id: Int32) -> Float { Float(Double(logits[Int(id)]) - normalizer) }
        self.init(chosen: logprob(id), alternatives: largestIDs(logits, count).map { Alternative(id: $0, logprob: logprob($0)) })
    }
}

/// The ids of the `count` largest logits, the largest first, of equals the lower id first.
private func largestIDs(_ logits: [Float], _ count: Int) -> [Int32] {
    var ids: [Int32] = []
    guard count > 0 else { return ids }
    for (id, logit) in logits.enumerated() where ids.count < count || logit > logits[Int(ids[count - 1])] {
        let place = ids.firstIndex { logits[Int($0)] < logit } ?? ids.count
        if ids.count == count { ids.removeLast() }
        ids.insert(Int32(id), at: place)
    }
    return ids
}
