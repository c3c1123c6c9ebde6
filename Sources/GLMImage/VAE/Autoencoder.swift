package import ModelConfiguration
package import Checkpoint
package import Imaging
import Layers
package import Tensor

/// The autoencoder between pixels and normalised latents.
///
/// Reference: diffusers 0.42.1 `AutoencoderKL`, as `GlmImagePipeline` calls it.
package struct Autoencoder {
    /// Of every GroupNorm: the reference sets it in code, not in the configuration.
    static let normEpsilon: Float = 1e-6

    package let configuration: VAEConfiguration
    private let device: any Device
    private let encoder: ImageEncoder
    private let decoder: ImageDecoder
    private let quantConvolution, postQuantConvolution: ConvolutionWeight?  // 1 × 1
    /// Nil: images go through whole.
    private let encoding, decoding: Tiling?

    /// - Parameter tiled: images with a side above the checkpoint's `sample_size` go through in tiles of that side. GroupNorm sees
    ///   a tile alone, so the result differs a little from that of a whole image.
    package init(_ model: ModelFolder, on device: any Device, tiled: Bool = false) throws {
        configuration = try VAEConfiguration.load(model)
        encoding = try tiled ? .encoding(configuration) : nil
        decoding = try tiled ? .decoding(configuration) : nil
        self.device = device
        let map = try model.weights("vae")
        let weights = WeightScope(map: map, device: device)
        let channels = configuration.latentChannels
        encoder = try ImageEncoder(weights.scope("encoder"), configuration)
        decoder = try ImageDecoder(weights.scope("decoder"), configuration)
        quantConvolution =
            configuration.quantConvolution ? try weights.convolution("quant_conv", from: 2 * channels, to: 2 * channels, kernel: 1) : nil
        postQuantConvolution =
            configuration.postQuantConvolution ? try weights.convolution("post_quant_conv", from: channels, to: channels, kernel: 1) : nil
        try map.finish()
    }

    /// Latents of pictures of `height` × `width` pixels.
    package func latentShape(height: Int, width: Int) -> LatentShape {
        LatentShape(channels: configuration.latentChannels, height: height / configuration.scale, width: width / configuration.scale)
    }

    /// A picture's latents, `[channels, h, w]`: the distribution's mode, normalised by the checkpoint's means and deviations.
    package func encode(_ image: RGBImage, checkCancellation: () throws -> Void) throws -> [Float] {
        let pixels = image.pixels.map { Float($0) / 255 * 2 - 1 }
        let shape = Shape(image.height, image.width, 3)
        let buffer = encoder.buffer(for: encoding?.tile(of: shape) ?? shape, on: device)
        let moments = try run(pixels, shape, encoding, to: 2 * configuration.latentChannels) { tile in
            apply(quantConvolution, try encoder(tile, in: buffer, checkCancellation: checkCancellation))
        }
        let depth = 2 * configuration.latentChannels
        return planes(latentShape(height: image.height, width: image.width)) { channel, pixel in
            (moments[pixel * depth + channel] - configuration.latentMeans[channel]) / configuration.latentDeviations[channel]
        }
    }

    /// The picture of normalised latents `[channels, h, w]`: `[3, H, W]`, around −1 … 1.
    /// - Parameter larger: latents are decoded in as much memory as those of this shape take; nil: in as much as they take.
    package func decode(
        _ latents: [Float], _ shape: LatentShape, inMemoryOf larger: LatentShape? = nil, checkCancellation: () throws -> Void
    ) throws -> [Float] {
        let area = shape.height * shape.width
        var values = [Float](repeating: 0, count: shape.count)
        for channel in 0..<shape.channels {
            for pixel in 0..<area {
                values[pixel * shape.channels + channel] =
                    latents[channel * area + pixel] * configuration.latentDeviations[channel] + configuration.latentMeans[channel]
            }
        }
        let image = Shape(shape.height, shape.width, shape.channels)
        let largest = larger.map { Shape($0.height, $0.width, $0.channels) } ?? image
        let buffer = decoder.buffer(for: decoding?.tile(of: largest) ?? largest, on: device)
        let pixels = try run(values, image, decoding, to: 3) { tile in
            try decoder(apply(postQuantConvolution, tile), in: buffer, checkCancellation: checkCancellation)
        }
        let scale = configuration.scale
        return planes(LatentShape(channels: 3, height: shape.height * scale, width: shape.width * scale)) { channel, pixel in
            pixels[pixel * 3 + channel]
        }
    }

    /// Planes `[3, H, W]` in −1 … 1 as a picture: clamped, and rounded half to even as numpy does.
    ///
    /// - Throws: `GLMImageError` when a pixel is not a number, rather than a black picture.
    package static func picture(_ planes: [Float], height: Int, width: Int) throws(GLMImageError) -> RGBImage {
        let area = height * width
        if let index = planes.firstIndex(where: { !$0.isFinite }) {
            throw GLMImageError(.notFinite, "the picture is not finite at row \(index % area / width), column \(index % width): \(planes[index])")
        }
        var image = RGBImage(width: width, height: height, pixels: [UInt8](repeating: 0, count: area * 3))
        for channel in 0..<3 {
            for pixel in 0..<area {
                let unit = min(max(planes[channel * area + pixel] / 2 + 0.5, 0), 1)
                image.pixels[pixel * 3 + channel] = UInt8((unit * 255).rounded(.toNearestOrEven))
            }
        }
        return image
    }

    /// Takes an image `[height, width, channels]` through one half, whole or in tiles.
    private func run(_ image: [Float], _ shape: Shape, _ tiling: Tiling?, to channels: Int, half: (Tensor) throws -> Tensor) throws -> [Float] {
        func whole(_ values: [Float], _ shape: Shape) throws -> TiledImage.Tile {
            let result = try half(device.makeTensor(values, shape))
            return TiledImage.Tile(height: result.shape[0], width: result.shape[1], values: try device.floats(result))
        }
        guard let tiling else { return try whole(image, shape).values }
        return try tiling(image, shape, to: channels, network: whole)
    }

    private func apply(_ convolution: ConvolutionWeight?, _ x: Tensor) -> Tensor {
        guard let convolution else { return x }
        let result = device.makeTensor(x.shape, .f32)
        device.convolution(x, convolution, stride: 1, padding: Padding(0), upsampling: 1, .store(.identity), into: result)
        return result
    }

    private func planes(_ shape: LatentShape, _ value: (Int, Int) -> Float) -> [Float] {
        let area = shape.height * shape.width
        return [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
            for channel in 0..<shape.channels {
                for pixel in 0..<area { buffer[channel * area + pixel] = value(channel, pixel) }
            }
            count = shape.count
        }
    }
}
