/// A convolution's weight as its device wants it.
public struct ConvolutionWeight: Sendable {
    public let outChannels: Int
    public let inChannels: Int
    public let kernel: Int
    /// In the device's own layout.
    public let weight: Tensor
    public let bias: Tensor?

    public init(outChannels: Int, inChannels: Int, kernel: Int, weight: Tensor, bias: Tensor?) {
        self.outChannels = outChannels
        self.inChannels = inChannels
        self.kernel = kernel
        self.weight = weight
        self.bias = bias
    }
}

/// Zero padding in pixels around an image.
public struct Padding: Sendable, Hashable {
    public var top, left, bottom, right: Int

    public init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }
}
