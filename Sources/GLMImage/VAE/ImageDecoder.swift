import ModelConfiguration
import Layers
import Tensor

/// The decoder half of the autoencoder: latents to pixels.
///
/// Reference: diffusers 0.42.1 `Decoder`.
struct ImageDecoder {
    private let input: ConvolutionWeight  // [top, latentChannels, 3, 3]   conv_in
    private let mid: MidBlock
    private let levels: [Level]  // from the latents' side to the image's
    private let norm: GroupNorm  // conv_norm_out
    private let output: ConvolutionWeight  // [3, bottom, 3, 3]             conv_out
    private let footprint: VAEFootprint

    private struct Level {
        let resnets: [ResnetBlock]
        let upsampler: ConvolutionWeight?
    }

    init(_ weights: WeightScope, _ configuration: VAEConfiguration) throws {
        footprint = VAEFootprint(configuration)
        let channels = Array(configuration.blockChannels.reversed())
        input = try weights.convolution("conv_in", from: configuration.latentChannels, to: channels[0], kernel: 3)
        mid = try MidBlock(weights.scope("mid_block"), channels: channels[0], configuration)
        levels = try channels.indices.map { level in
            let scope = weights.scope("up_blocks.\(level)")
            let inputs = channels[max(level - 1, 0)]
            return Level(
                resnets: try (0...configuration.layersPerBlock).map {
                    try ResnetBlock(
                        scope.scope("resnets.\($0)"), from: $0 == 0 ? inputs : channels[level], to: channels[level], groups: configuration.groups)
                },
                upsampler: level == channels.count - 1
                    ? nil : try scope.convolution("upsamplers.0.conv", from: channels[level], to: channels[level], kernel: 3))
        }
        norm = try GroupNorm(
            weights.scope("conv_norm_out"), channels[channels.count - 1], groups: configuration.groups, epsilon: Autoencoder.normEpsilon)
        output = try weights.convolution("conv_out", from: channels[channels.count - 1], to: 3, kernel: 3)
    }

    /// What images of this shape and smaller ones need on their way, `[h, w, latentChannels]`.
    func buffer(for latents: Shape, on device: any Device) -> TileBuffer {
        TileBuffer(elements: footprint.decodingElements(latents: latents[0] * latents[1]), on: device)
    }

    /// - Parameter latents: `[h, w, latentChannels]`, denormalised.
    /// - Returns: `[H, W, 3]`, around −1 … 1.
    func callAsFunction(_ latents: Tensor, in buffer: TileBuffer, checkCancellation: () throws -> Void) throws -> Tensor {
        let device = buffer.device
        buffer.begin(height: latents.shape[0], width: latents.shape[1], channels: input.outChannels)
        device.convolution(latents, input, stride: 1, padding: Padding(1), upsampling: 1, .store(.identity), into: buffer.current)
        mid(buffer)
        for level in levels {
            for resnet in level.resnets {
                try checkCancellation()
                resnet(buffer)
            }
            if let upsampler = level.upsampler {
                let image = buffer.current
                let larger = buffer.scratch(0, height: image.shape[0] * 2, width: image.shape[1] * 2, channels: upsampler.outChannels)
                device.convolution(image, upsampler, stride: 1, padding: Padding(1), upsampling: 2, .store(.identity), into: larger)
                buffer.advance(to: 0, larger)
            }
        }
        norm(buffer.current, activation: .silu, into: buffer.current)
        let result = device.makeTensor(Shape(buffer.current.shape[0], buffer.current.shape[1], output.outChannels), .f32)
        device.convolution(buffer.current, output, stride: 1, padding: Padding(1), upsampling: 1, .store(.identity), into: result)
        return result
    }

}
