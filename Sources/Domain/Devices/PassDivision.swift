/// How a kind of stage divides each pass among several devices, its ranks.
public enum PassDivision: String, Codable, Sendable, Hashable, CaseIterable {
    /// Ulysses sequence parallelism: each rank has some of the diffusion transformer's rows, and attends with some of its heads.
    case ulysses
    /// Tensor parallelism: each rank has some of the heads, and of the inner columns, of the decoder or of the diffusion transformer.
    case tensorParallel

    /// How many ranks there may be.
    public var choices: [Int] {
        switch self {
        case .ulysses: [1, 2, 4, 8]
        case .tensorParallel: [1, 2, 4]
        }
    }

    /// The choices as messages list them.
    public var explanation: String {
        let words = choices.map(String.init)
        return "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")"
    }

    /// Their number in a topology.
    public var key: String {
        switch self {
        case .ulysses: "ulysses_degree"
        case .tensorParallel: "tensor_parallel_size"
        }
    }

    /// The same as a flag of the program.
    public var flag: String { "--\(key.replacing("_", with: "-"))" }

    /// The same in words: `ulysses degree`.
    public var words: String { key.replacing("_", with: " ") }

    /// How numerics tell it: `ulysses2`, `tp2`.
    public func label(_ ranks: Int) -> String {
        switch self {
        case .ulysses: "ulysses\(ranks)"
        case .tensorParallel: "tp\(ranks)"
        }
    }
}
