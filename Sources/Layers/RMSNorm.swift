package import Tensor

/// RMSNorm with weight: `x · rsqrt(mean(x²) + epsilon) · weight`, row by row.
package struct RMSNorm {
    private let device: any Device
    private let weight: Tensor  // [size]
    private let epsilon: Float

    package init(_ weights: WeightScope, _ size: Int, epsilon: Float) throws {
        device = weights.device
        weight = try weights.vector("weight", size)
        self.epsilon = epsilon
    }

    /// `y = norm(x)`, both `[rows, size]`, f32; y may be x.
    package func callAsFunction(_ x: Tensor, into y: Tensor) { device.rmsNorm(x, weight: weight, epsilon: epsilon, into: y) }

    /// `y += norm(x)`.
    package func add(_ x: Tensor, to y: Tensor) { device.addRMSNorm(x, weight: weight, epsilon: epsilon, to: y) }

    /// The sum `y + norm(x)`, and `normed = next(sum)`; `normed` may be x.
    /// - Parameter room: memory like y that the device may put the sum into; nil: memory of its own.
    /// - Returns: the sum. Where it is not y, y is free.
    package func add(_ x: Tensor, to y: Tensor, room: Tensor?, then next: RMSNorm, into normed: Tensor) -> Tensor {
        device.addRMSNorm(
            x, weight: weight, epsilon: epsilon, to: y, room: room, nextWeight: next.weight, nextEpsilon: next.epsilon, into: normed)
    }
}
