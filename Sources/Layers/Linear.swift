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
    ///   - x: `[rows, in]`, activations.
    ///   - y: `[rows, out]`, activations.
    package func callAsFunction(_ x: Tensor, _ epilogue: Epilogue = .store(.identity), into y: Tensor) {
        device.linear(x, weight, bias: bias, epilogue, into: y)
    }

    /// `y += gate · (x · weightᵀ + bias)`, each part of the rows by its own gate.
    package func callAsFunction(_ x: Tensor, adding parts: [GatedRows], to y: Tensor) {
        device.linear(x, weight, bias: bias, adding: parts, to: y)
    }
}
