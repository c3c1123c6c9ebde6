import Checkpoint

/// The weights of a decoder, or of the diffusion transformer, by what a rank has of them (tensor parallelism).
struct DividedWeights: Sendable {
    enum Part {
        /// The first rank all, the others nothing: what is done, or added, once.
        case first
        /// Each rank a part.
        case divided
        /// The same, by key heads, of which each rank has one at least.
        case keyValues
        /// Each rank all.
        case whole
    }

    private var counts: [Part: WeightCount] = [:]

    mutating func add(_ tensor: TensorEntry, _ form: WeightForm, _ part: Part) { counts[part, default: WeightCount()].add(tensor, form) }

    /// - Parameter keyValueHeads: nil where there are no ``Part/keyValues``.
    func count(rank: Int, of ranks: Int, keyValueHeads: Int? = nil) -> WeightCount {
        func count(_ part: Part) -> WeightCount { counts[part] ?? WeightCount() }
        return count(.whole) + (rank == 0 ? count(.first) : WeightCount()) + count(.divided) / ranks
            + count(.keyValues) / min(ranks, keyValueHeads ?? ranks)
    }
}

extension DividedWeights.Part {
    /// Of a text stage's tensor. The first rank draws.
    init(decoder tensor: String) {
        if tensor.hasPrefix("lm_head.") {
            self = .first
        } else if Self.has(tensor, ["self_attn.k_proj", "self_attn.v_proj"]) {
            self = .keyValues
        } else {
            self.init(tensor, byOutputs: ["self_attn.q_proj", "mlp.gate_up_proj"], byInputs: ["self_attn.o_proj", "mlp.down_proj"])
        }
    }

    /// Of a tensor of the diffusion transformer.
    init(transformer tensor: String) {
        self.init(
            tensor, byOutputs: ["attn1.to_q", "attn1.to_k", "attn1.to_v", "ff.net.0.proj"], byInputs: ["attn1.to_out.0", "ff.net.2"])
    }

    private init(_ tensor: String, byOutputs: [String], byInputs: [String]) {
        if Self.has(tensor, byOutputs) {
            self = .divided
        } else if Self.has(tensor, byInputs) {
            // A scale is of an output, and so is a bias, which is added once.
            self = tensor.hasSuffix("_scale") ? .whole : tensor.hasSuffix(".bias") ? .first : .divided
        } else {
            self = .whole
        }
    }

    private static func has(_ tensor: String, _ products: [String]) -> Bool { products.contains { tensor.contains(".\($0).") } }
}
