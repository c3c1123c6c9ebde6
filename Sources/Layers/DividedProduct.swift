package import Tensor

/// A product whose inputs the ranks divide: each computes the terms of its own, and their sum over the ranks is the product. The terms are summed in
/// f32, so the product is rounded once, as on one device; but in another order than there, so that its bits are others.
package struct DividedProduct {
    private let terms: Linear
    /// Nil: all inputs are here.
    private let communicator: (any Communicator)?
    private let device: any Device

    package init(_ terms: Linear, _ communicator: (any Communicator)?, on device: any Device) {
        self.terms = terms
        self.communicator = communicator
        self.device = device
    }

    /// - Parameters:
    ///   - sum: `[rows, out]`, f32, dense: y itself where that is f32.
    ///   - y: `[rows, out]`, activations.
    package func callAsFunction(_ x: Tensor, summing sum: Tensor, into y: Tensor) {
        guard let communicator else { return terms(x, into: y) }
        terms(x, into: sum)
        communicator.allReduce(sum)
        if sum.address != y.address { device.copy(sum, to: y) }
    }

    /// `y += gate · product`, each part of the rows by its own gate. What y was, which every rank has, is one term more of the sum: the first rank's.
    /// - Parameters:
    ///   - sum: `[rows, out]`, f32, dense: y itself where that is f32.
    ///   - y: `[rows, out]`, activations.
    package func callAsFunction(_ x: Tensor, adding parts: [GatedRows], summing sum: Tensor, to y: Tensor) {
        guard let communicator else { return terms(x, adding: parts, to: y) }
        if communicator.rank > 0 { device.clear(sum) } else if sum.address != y.address { device.copy(y, to: sum) }
        terms(x, adding: parts, to: sum)
        communicator.allReduce(sum)
        if sum.address != y.address { device.copy(sum, to: y) }
    }
}
