package import ModelConfiguration
package import Imaging
import Foundation
package import Domain

/// How a source image comes to the sizes at which its codes and its latents agree.
///
/// The reference gives the diffusion transformer a source twice: as latents of the picture floored to 16 pixels, and as
/// codes of the picture that `smart_resize` made. Both are added token by token, so their counts must be equal, which they
/// are only for sides that are multiples of 32 within the processor's limits. Other pictures are first resized to the
/// nearest such size; pictures that fit already pass unchanged.
package struct SourceImageRule: Sendable {
    private let configuration: ProcessorConfiguration
    /// Pixels per code: a patch, after the processor has halved the picture.
    private var multiple: Int { configuration.patchSize * 2 }

    package init(_ configuration: ProcessorConfiguration) { self.configuration = configuration }

    /// The picture at the size that both paths read.
    package func fit(_ image: RGBImage) throws -> RGBImage {
        let size = try fittedSize(height: image.height, width: image.width)
        return size.height == image.height && size.width == image.width ? image : image.resized(width: size.width, height: size.height)
    }

    /// That size: sides are multiples of 32; the shorter is not below, the longer not above the processor's pixel limits.
    package func fittedSize(height: Int, width: Int) throws(RequestError) -> (height: Int, width: Int) {
        let shortest = Int(Double(configuration.minimumPixels).squareRoot().rounded(.toNearestOrEven))
        let longest = Int(Double(configuration.maximumPixels).squareRoot().rounded(.toNearestOrEven))
        guard max(height, width) <= 4 * min(height, width) else {
            throw RequestError("source image of \(width) × \(height) pixels: the longer side is more than 4 times the shorter")
        }
        let enlarged = max(1, Double(shortest) / Double(min(height, width)))
        let scale = min(enlarged, Double(longest) / Double(max(height, width)))
        func snapped(_ side: Int) -> Int {
            let nearest = Int((Double(side) * scale / Double(multiple)).rounded()) * multiple
            let lower = (shortest + multiple - 1) / multiple * multiple
            return min(max(nearest, lower), longest / multiple * multiple)
        }
        let fitted = (height: snapped(height), width: snapped(width))
        let grid = try gridAfterResize(height: fitted.height, width: fitted.width)
        guard grid.height * multiple == fitted.height, grid.width * multiple == fitted.width else {
            throw RequestError(
                "source image of \(width) × \(height) pixels has no size between \(shortest) and \(longest) pixels a side at which codes and latents agree"
            )
        }
        return fitted
    }

    /// Normalised patches of a picture by the reference processor's own path, `[grid.count, 3 · patch · patch]`.
    package func patches(of image: RGBImage) throws -> (values: [Float], grid: GridSize) {
        let patch = configuration.patchSize
        let grid = try gridAfterResize(height: image.height, width: image.width)
        let resized = image.resized(width: grid.width * patch, height: grid.height * patch)
        let values = resized.patches(
            patchSize: patch, mean: configuration.mean, standardDeviation: configuration.standardDeviation,
            rescale: Double(configuration.rescaleFactor))
        return (values, grid)
    }

    private func gridAfterResize(height: Int, width: Int) throws(RequestError) -> GridSize {
        do {
            let size = try SmartResize.size(
                height: height, width: width, factor: configuration.patchSize,
                minimumPixels: configuration.minimumPixels, maximumPixels: configuration.maximumPixels)
            return GridSize(height: size.height / configuration.patchSize, width: size.width / configuration.patchSize)
        } catch {
            throw RequestError("source image: \(error)")
        }
    }
}
