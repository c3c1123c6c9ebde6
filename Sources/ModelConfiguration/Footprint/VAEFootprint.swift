/// Bytes that images take on their way through the autoencoder, f32.
package struct VAEFootprint: Sendable {
    private let vae: VAEConfiguration

    package init(_ vae: VAEConfiguration) { self.vae = vae }

    /// Elements of the largest image on the way from an image of `pixels` to its latents.
    package func encodingElements(pixels: Int) -> Int {
        var area = pixels
        var largest = area * vae.blockChannels[0]
        for (level, channels) in vae.blockChannels.enumerated() {
            largest = max(largest, area * max(vae.blockChannels[max(level - 1, 0)], channels))
            if level < vae.blockChannels.count - 1 { area /= 4 }
        }
        return largest
    }

    /// Elements of the largest image on the way from `latents` to the picture.
    package func decodingElements(latents: Int) -> Int {
        let channels = Array(vae.blockChannels.reversed())
        var area = latents
        var largest = area * channels[0]
        for (level, outputs) in channels.enumerated() {
            largest = max(largest, area * max(channels[max(level - 1, 0)], outputs))
            if level < channels.count - 1 { area *= 4 }
            largest = max(largest, area * outputs)
        }
        return largest
    }

    /// Pixels of the largest tile of an image.
    package func tile(pixels: Int) -> Int { min(pixels, vae.sampleSide * vae.sampleSide) }

    /// The most that decoding a picture, or a tile, of `pixels` takes: three images as large as the largest on the way, latents
    /// before and after their first convolution, and queries, keys and values of the middle or the picture.
    package func decoding(pixels: Int) -> Int {
        let latents = pixels / (vae.scale * vae.scale)
        let inputs = latents * vae.latentChannels * (vae.postQuantConvolution ? 2 : 1)
        return 4 * (3 * decodingElements(latents: latents) + inputs + max(middle(latents), 3 * pixels))
    }

    /// The same for encoding a source image, or a tile of one.
    package func encoding(pixels: Int) -> Int {
        let latents = pixels / (vae.scale * vae.scale)
        let moments = latents * 2 * vae.latentChannels * (vae.quantConvolution ? 2 : 1)
        return 4 * (3 * encodingElements(pixels: pixels) + 3 * pixels + max(middle(latents), moments))
    }

    private func middle(_ latents: Int) -> Int { vae.midAttention ? 3 * latents * (vae.blockChannels.last ?? 0) : 0 }
}
