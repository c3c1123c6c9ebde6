import ModelConfiguration
import Tensor

/// Takes an image through half of the autoencoder in tiles, so that memory stays a tile's however large the image is. An image
/// that is no larger than a tile goes through whole.
///
/// Reference: diffusers 0.42.1 `AutoencoderKL.tiled_decode` and `_tiled_encode`.
struct Tiling {
    /// A tile's side before and after, in pixels or latents; multiples of 4, since a quarter of it overlaps the next tile.
    private let before, after: Int

    static func encoding(_ configuration: VAEConfiguration) throws(GLMImageError) -> Tiling {
        try Tiling(configuration.sampleSide, latents(configuration))
    }

    static func decoding(_ configuration: VAEConfiguration) throws(GLMImageError) -> Tiling {
        try Tiling(latents(configuration), configuration.sampleSide)
    }

    private init(_ before: Int, _ after: Int) {
        self.before = before
        self.after = after
    }

    /// A tile's side in latents.
    private static func latents(_ configuration: VAEConfiguration) throws(GLMImageError) -> Int {
        let multiple = 4 * configuration.scale
        guard configuration.sampleSide > 0, configuration.sampleSide % multiple == 0 else {
            throw GLMImageError(
                .unsupportedModel,
                "vae sample_size \(configuration.sampleSide) is no multiple of \(multiple), so its pictures can't be cut into tiles")
        }
        return configuration.sampleSide / configuration.scale
    }

    /// The largest tile of an image.
    func tile(of image: Shape) -> Shape { Shape(min(before, image[0]), min(before, image[1]), image[2]) }

    /// - Parameters:
    ///   - image: `[height, width, channels]`.
    ///   - channels: of the result.
    ///   - network: what a tile goes through.
    func callAsFunction(_ image: [Float], _ shape: Shape, to channels: Int, network: ([Float], Shape) throws -> TiledImage.Tile) throws -> [Float] {
        let height = shape[0], width = shape[1]
        guard max(height, width) > before else { return try network(image, shape).values }
        var result = TiledImage(
            height: height * after / before, width: width * after / before, channels: channels, stride: after * 3 / 4, overlap: after / 4)
        for top in stride(from: 0, to: height, by: before * 3 / 4) {
            for left in stride(from: 0, to: width, by: before * 3 / 4) {
                let tile = Shape(min(before, height - top), min(before, width - left), shape[2])
                result.append(try network(cut(tile, from: image, width, top, left), tile))
            }
        }
        return result.values
    }

    private func cut(_ tile: Shape, from image: [Float], _ width: Int, _ top: Int, _ left: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(tile.count)
        for line in top..<top + tile[0] {
            let start = (line * width + left) * tile[2]
            values += image[start..<start + tile[1] * tile[2]]
        }
        return values
    }
}
