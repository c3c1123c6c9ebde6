import Imaging
import ModelConfiguration

// Latents to a smaller picture than theirs.

extension Autoencoder {
    /// A picture of half the height and width, a quarter of the work: decoded from the means of 2 × 2 latents.
    ///
    /// The decoder was trained for no such latents. Shapes, places and colours are right all the same; what is thinner than sixteen pixels
    /// suffers. Means of 4 × 4 lose shapes too, and a linear map from latents to colours, fitted to synthetic pictures, is sharp and gets
    /// colours wrong.
    func partialPicture(of latents: [Float], _ shape: LatentShape, checkCancellation: () throws -> Void) throws -> RGBImage {
        let half = shape.halved
        // In as much memory as the picture itself takes later: the device then has one set of blocks, not two.
        let planes = try decode(shape.halve(latents), half, inMemoryOf: shape, checkCancellation: checkCancellation)
        return try Self.picture(planes, height: half.height * configuration.scale, width: half.width * configuration.scale)
    }
}
