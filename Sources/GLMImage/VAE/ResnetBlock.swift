import Layers
import Tensor

/// Two normalised convolutions and a shortcut.
///
/// Reference: diffusers 0.42.1 `ResnetBlock2D` without a time embedding.
struct ResnetBlock {
    let norm1, norm2: GroupNorm
    let convolution1, convolution2: ConvolutionWeight  // 3 × 3
    let shortcut: ConvolutionWeight?  // 1 × 1, where the channels change

    init(_ weights: WeightScope, from inputs: Int, to outputs: Int, groups: Int) throws {
        norm1 = try GroupNorm(weights.scope("norm1"), inputs, groups: groups, epsilon: Autoencoder.normEpsilon)
        convolution1 = try weights.convolution("conv1", from: inputs, to: outputs, kernel: 3)
        norm2 = try GroupNorm(weights.scope("norm2"), outputs, groups: groups, epsilon: Autoencoder.normEpsilon)
        convolution2 = try weights.convolution("conv2", from: outputs, to: outputs, kernel: 3)
        shortcut = inputs == outputs ? nil : try weights.convolution("conv_shortcut", from: inputs, to: outputs, kernel: 1)
    }

    func callAsFunction(_ buffer: TileBuffer) {
        let x = buffer.current
        let normed = buffer.scratch(0, channels: x.shape[2])
        norm1(x, activation: .silu, into: normed)
        let inner = buffer.scratch(1, channels: convolution1.outChannels)
        buffer.device.convolution(normed, convolution1, stride: 1, padding: Padding(1), upsampling: 1, .store(.identity), into: inner)
        norm2(inner, activation: .silu, into: inner)
        guard let shortcut else {
            buffer.device.convolution(inner, convolution2, stride: 1, padding: Padding(1), upsampling: 1, .add, into: x)
            return
        }
        let result = buffer.scratch(0, channels: shortcut.outChannels)
        buffer.device.convolution(x, shortcut, stride: 1, padding: Padding(0), upsampling: 1, .store(.identity), into: result)
        buffer.device.convolution(inner, convolution2, stride: 1, padding: Padding(1), upsampling: 1, .add, into: result)
        buffer.advance(to: 0, result)
    }
}
