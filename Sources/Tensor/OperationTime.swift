/// How long a device's operations took, by kind; of a device that queues them, how long it took to queue them.
public struct OperationTime: Sendable, Hashable {
    /// Matrix products and convolutions.
    public var products = Duration.zero
    public var attention = Duration.zero
    /// Everything that passes over rows or pixels: norms, activations, rotation, sums, copies, look-ups, sampling.
    public var elementWise = Duration.zero

    public init() {}

    public var total: Duration { products + attention + elementWise }
}
