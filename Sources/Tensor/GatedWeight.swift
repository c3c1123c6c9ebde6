/// The weights of a gated product `activation(x · gateᵀ) · (x · upᵀ)`, as a checkpoint stores them: `gate` and `up` are `[out, in]`.
public enum GatedWeight: Sendable {
    /// One matrix `[2 · out, in]`, the gate's rows first.
    case joined(MatrixWeight)
    case apart(gate: MatrixWeight, up: MatrixWeight)

    public var outputs: Int {
        switch self {
        case .joined(let both): both.outputs / 2
        case .apart(let gate, _): gate.outputs
        }
    }

    /// The gate and what it multiplies, `[out, in]` each.
    public var halves: (gate: MatrixWeight, up: MatrixWeight) {
        switch self {
        case .joined(let both): (both.rows(0..<outputs), both.rows(outputs..<2 * outputs))
        case .apart(let gate, let up): (gate, up)
        }
    }
}

/// Memory for the two products of a ``GatedWeight``, `[rows, out]` each, for a device that computes them apart.
public struct GatedRoom: Sendable {
    public let gate, up: Tensor
    /// The matrix `[rows, 2 · out]` whose halves they are: a joined weight needs one.
    fileprivate let joined: Tensor?

    /// The halves of `joined [rows, 2 · out]`.
    public init(_ joined: Tensor) {
        let outputs = joined.columns / 2
        (gate, up) = (joined.columns(0..<outputs), joined.columns(outputs..<2 * outputs))
        self.joined = joined
    }

    public init(gate: Tensor, up: Tensor) {
        (self.gate, self.up) = (gate, up)
        joined = nil
    }
}

extension Device {
    public func gatedLinear(_ x: Tensor, _ weight: GatedWeight, _ activation: Activation, room: GatedRoom, into y: Tensor) {
        gatedLinearInSteps(x, weight, activation, room: room, into: y)
    }

    /// The products, then the gate.
    package func gatedLinearInSteps(_ x: Tensor, _ weight: GatedWeight, _ activation: Activation, room: GatedRoom, into y: Tensor) {
        switch weight {
        case .joined(let both):
            guard let joined = room.joined else { preconditionFailure("a joined weight with room for two matrices") }
            linear(x, both, bias: nil, .store(.identity), into: joined)
        case .apart(let gate, let up):
            linear(x, gate, bias: nil, .store(.identity), into: room.gate)
            linear(x, up, bias: nil, .store(.identity), into: room.up)
        }
        gated(activation, gate: room.gate, up: room.up, into: y)
    }
}
