package import Tensor

/// GroupNorm with weight and bias over an image, followed by an activation.
package struct GroupNorm {
    private let device: any Device
    private let groups: Int
    private let weight, bias: Tensor  // [channels]
    private let epsilon: Float

    package init(_ weights: WeightScope, _ channels: Int, groups: Int, epsilon: Float) throws {
        device = weights.device
        self.groups = groups
        self.epsilon = epsilon
        weight = try weights.vector("weight", channels)
        bias = try weights.vector("bias", channels)
    }

    /// `y = activation(norm(x))`, both `[height, width, channels]`, f32; y may be x.
    package func callAsFunction(_ x: Tensor, activation: Activation, into y: Tensor) {
        device.groupNorm(x, groups: groups, weight: weight, bias: bias, epsilon: epsilon, activation: activation, into: y)
    }
}
