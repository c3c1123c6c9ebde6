package import Tensor

/// `y = activation(x · gateᵀ) · (x · upᵀ)`: the wide half of a gated feed-forward, without bias.
///
/// Reference: Shazeer, "GLU Variants Improve Transformer", https://arxiv.org/abs/2002.05202.
package struct GatedLinear {
    private let device: any Device
    private let weight: GatedWeight
    private let activation: Activation

    package init(device: any Device, weight: GatedWeight, _ activation: Activation) {
        self.device = device
        self.weight = weight
        self.activation = activation
    }

    /// - Parameters:
    ///   - x: `[rows, in]`, activations.
    ///   - room: of as many rows; what it holds afterwards depends on the device.
    ///   - y: `[rows, out]`, activations; may be the room's gate.
    package func callAsFunction(_ x: Tensor, room: GatedRoom, into y: Tensor) {
        device.gatedLinear(x, weight, activation, room: room, into: y)
    }

    package var outputs: Int { weight.outputs }
}
