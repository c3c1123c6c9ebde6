package import Tensor

/// `y = epilogue(x · weightᵀ + bias)`.
package struct Linear {
    private let device: any Device
    package let weight: MatrixWeight
    private let bias: Tensor?  // [out], f32

    package init(device: any Device, weight: MatrixWeight, bias: Tensor?) {
        self.device = device
        self.weight = weight
        self.bias = bias
    }

    /// - Parameters:
    ///   - x: `[rows, in]`, f32.
    ///   - y: `[rows, out]`, f32.
    package func callAsFunction(_ x: Tensor, _ epilogue: Epilogue = .store(.identity), into y: Tensor) {
        device.linear(x, weight, bias: bias, epilogue, into: y)
    }
}
