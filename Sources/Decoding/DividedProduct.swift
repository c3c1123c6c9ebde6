import Layers
import Tensor

/// A product whose inputs the ranks divide: each computes the terms of its own, and their sum over the ranks is the product. The terms are summed in
/// f32, so the product is rounded once, as on one device; but in another order than there, so that its bits are others.
struct DividedProduct {
    private let terms: Linear
    /// Nil: all inputs are here.
    private let communicator: (any Communicator)?
    private let device: any Device

    init(_ terms: Linear, _ communicator: (any Communicator)?, on device: any Device) {
        self.terms = terms
        self.communicator = communicator
        self.device = device
    }

    /// - Parameters:
    ///   - sum: `[rows, out]`, f32, dense: y itself where that is f32.
    ///   - y: `[rows, out]`, activations.
    func callAsFunction(_ x: Tensor, summing sum: Tensor, into y: Tensor) {
        guard let communicator else { return terms(x, into: y) }
        terms(x, into: sum)
        communicator.allReduce(sum)
        if sum.address != y.address { device.copy(sum, to: y) }
    }
}
