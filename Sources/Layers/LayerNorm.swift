package import Tensor

/// LayerNorm with weight and bias, row by row.
package struct LayerNorm {
    private let device: any Device
    private let weight, bias: Tensor  // [size]
    private let epsilon: Float

    package init(_ weights: WeightScope, _ size: Int, epsilon: Float) throws {
        device = weights.device
        weight = try weights.vector("weight", size)
        bias = try weights.vector("bias", size)
        self.epsilon = epsilon
    }

    /// `y = norm(x)`, both `[rows, size]`, activations; y may be x.
    package func callAsFunction(_ x: Tensor, into y: Tensor) {
        device.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: y)
    }
}
