/// An element-wise function.
public enum Activation: Sendable, Hashable {
    case identity
    /// `x · Φ(x)`, by the error function.
    case gelu
    /// The tanh approximation of GELU.
    case geluTanh
    /// `x · sigmoid(x)`.
    case silu
}

/// What a product does with its result before it is stored.
public enum Epilogue: Sendable {
    case store(Activation)
    /// `y += result`.
    case add
    /// `y += gate · result`, gate `[columns]`, f32.
    case addGated(Tensor)
}
