import ModelConfiguration
import Layers
import Tensor

/// The narrowest part of encoder and decoder: a resnet block, attention over all pixels where the checkpoint has it, a resnet block.
///
/// Reference: diffusers 0.42.1 `UNetMidBlock2D`.
struct MidBlock {
    let first, second: ResnetBlock
    let attention: MidAttention?

    init(_ weights: WeightScope, channels: Int, _ configuration: VAEConfiguration) throws {
        first = try ResnetBlock(weights.scope("resnets.0"), from: channels, to: channels, groups: configuration.groups)
        second = try ResnetBlock(weights.scope("resnets.1"), from: channels, to: channels, groups: configuration.groups)
        attention =
            configuration.midAttention ? try MidAttention(weights.scope("attentions.0"), channels: channels, groups: configuration.groups) : nil
    }

    func callAsFunction(_ buffer: TileBuffer) {
        first(buffer)
        attention?(buffer)
        second(buffer)
    }
}

/// Attention of one head as wide as the image is deep.
///
/// Reference: diffusers 0.42.1 `Attention` with `group_norm` and a residual.
struct MidAttention {
    let norm: GroupNorm
    let q, k, v, o: Linear  // [channels, channels]

    init(_ weights: WeightScope, channels: Int, groups: Int) throws {
        norm = try GroupNorm(weights.scope("group_norm"), channels, groups: groups, epsilon: Autoencoder.normEpsilon)
        q = try weights.linear("to_q", from: channels, to: channels)
        k = try weights.linear("to_k", from: channels, to: channels)
        v = try weights.linear("to_v", from: channels, to: channels)
        o = try weights.linear("to_out.0", from: channels, to: channels)
    }

    func callAsFunction(_ buffer: TileBuffer) {
        let image = buffer.current
        let channels = image.shape[2]
        let matrix = Shape(image.shape[0] * image.shape[1], channels)
        let device = buffer.device
        let normed = buffer.scratch(0, channels: channels)
        norm(image, activation: .identity, into: normed)
        let rows = normed.reshaped(matrix)
        let query = device.makeTensor(matrix, .f32)
        let key = device.makeTensor(matrix, .f32)
        let value = device.makeTensor(matrix, .f32)
        q(rows, into: query)
        k(rows, into: key)
        v(rows, into: value)
        let attention = Attention.scaled(heads: 1, keyValueHeads: 1, headSize: channels)
        device.attention(attention, query: query, key: key, value: value, into: rows)
        o(rows, .add, into: image.reshaped(matrix))
    }
}
