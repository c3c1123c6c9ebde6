import ModelConfiguration
import Layers
import Tensor

/// The encoder half of the autoencoder: pixels to the mean and log variance of latents.
///
/// Reference: diffusers 0.42.1 `Encoder`.
struct ImageEncoder {
    private let input: ConvolutionWeight  // [bottom, 3, 3, 3]                 conv_in
    private let levels: [Level]  // from the image's side to the latents'
    private let mid: MidBlock
    private let norm: GroupNorm  // conv_norm_out
    private let output: ConvolutionWeight  // [2 · latentChannels, top, 3, 3]   conv_out
    private let footprint: VAEFootprint

    private struct Level {
        let resnets: [ResnetBlock]
        let downsampler: ConvolutionWeight?
    }

    init(_ weights: WeightScope, _ configuration: VAEConfiguration) throws {
        footprint = VAEFootprint(configuration)
        let channels = configuration.blockChannels
        input = try weights.convolution("conv_in", from: configuration.imageChannels, to: channels[0], kernel: 3)
        levels = try channels.indices.map { level in
            let scope = weights.scope("down_blocks.\(level)")
            let inputs = channels[max(level - 1, 0)]
            return Level(
                resnets: try (0..<configuration.layersPerBlock).map {
                    try ResnetBlock(
                        scope.scope("resnets.\($0)"), from: $0 == 0 ? inputs : channels[level], to: channels[level], groups: configuration.groups)
                },
                downsampler: level == channels.count - 1
                    ? nil : try scope.convolution("downsamplers.0.conv", from: channels[level], to: channels[level], kernel: 3))
        }
        mid = try MidBlock(weights.scope("mid_block"), channels: channels[channels.count - 1], configuration)
        norm = try GroupNorm(
            weights.scope("conv_norm_out"), channels[channels.count - 1], groups: configuration.groups, epsilon: Autoencoder.normEpsilon)
        output = try weights.convolution("conv_out", from: channels[channels.count - 1], to: 2 * configuration.latentChannels, kernel: 3)
    }

    /// What images of this shape and smaller ones need on their way, `[H, W, 3]`.
    func buffer(for pixels: Shape, on device: any Device) -> TileBuffer {
        TileBuffer(elements: footprint.encodingElements(pixels: pixels[0] * pixels[1]), on: device)
    }

    /// - Parameter pixels: `[H, W, 3]` in −1 … 1.
    /// - Returns: `[h, w, 2 · latentChannels]`, means first.
    func callAsFunction(_ pixels: Tensor, in buffer: TileBuffer, checkCancellation: () throws -> Void) throws -> Tensor {
        let device = buffer.device
        buffer.begin(height: pixels.shape[0], width: pixels.shape[1], channels: input.outChannels)
        device.convolution(pixels, input, stride: 1, padding: Padding(1), upsampling: 1, .store(.identity), into: buffer.current)
        for level in levels {
            for resnet in level.resnets {
                try checkCancellation()
                resnet(buffer)
            }
            if let downsampler = level.downsampler {
                let image = buffer.current
                let smaller = buffer.scratch(0, height: image.shape[0] / 2, width: image.shape[1] / 2, channels: downsampler.outChannels)
                // Padded below and to the right only, as the reference does before its stride of 2.
                device.convolution(
                    image, downsampler, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1), upsampling: 1, .store(.identity),
                    into: smaller)
                buffer.advance(to: 0, smaller)
            }
        }
        mid(buffer)
        norm(buffer.current, activation: .silu, into: buffer.current)
        let result = device.makeTensor(Shape(buffer.current.shape[0], buffer.current.shape[1], output.outChannels), .f32)
        device.convolution(buffer.current, output, stride: 1, padding: Padding(1), upsampling: 1, .store(.identity), into: result)
        return result
    }

}
