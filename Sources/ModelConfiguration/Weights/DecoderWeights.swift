import Checkpoint

/// The weights of a text stage, by what a rank has of them (tensor parallelism).
struct DecoderWeights: Sendable {
    private enum Part {
        /// The rank that draws.
        case first
        /// Each rank a part.
        case divided
        /// The same, by key heads, of which each rank has one at least.
        case keyValues
        /// Each rank all.
        case whole

        init(_ tensor: String) {
            if tensor.hasPrefix("lm_head.") {
                self = .first
            } else if Self.has(tensor, ["self_attn.k_proj", "self_attn.v_proj"]) {
                self = .keyValues
            } else if Self.has(tensor, ["self_attn.q_proj", "mlp.gate_up_proj"]) {
                self = .divided
            } else if Self.has(tensor, ["self_attn.o_proj", "mlp.down_proj"]) {
                // Their inputs are divided; a scale is of an output.
                self = tensor.hasSuffix("_scale") ? .whole : .divided
            } else {
                self = .whole
            }
        }

        private static func has(_ tensor: String, _ products: [String]) -> Bool { products.contains { tensor.contains(".\($0).") } }
    }

    private var counts: [Part: WeightCount] = [:]

    mutating func add(_ tensor: TensorEntry, _ form: WeightForm) { counts[Part(tensor.name), default: WeightCount()].add(tensor, form) }

    func count(rank: Int, of ranks: Int, keyValueHeads: Int) -> WeightCount {
        func count(_ part: Part) -> WeightCount { counts[part] ?? WeightCount() }
        return count(.whole) + (rank == 0 ? count(.first) : WeightCount()) + count(.divided) / ranks
            + count(.keyValues) / min(ranks, keyValueHeads)
    }
}
