public import Checkpoint
public import Domain
public import Imaging
import Layers
package import ModelConfiguration
public import Tensor

/// The vision stage's model of a question model: an image in, the rows that stand for it in a prompt out.
public final class PictureEncoder {
    package let tower: VisionTower
    package let processor: GLM4VImageProcessorConfiguration
    private let device: any Device
    /// Of the last image: what one of another size took fits no other.
    private var grid: GridSize?

    /// Takes `model.visual` of the checkpoint, and nothing else.
    public init(model: ModelFolder, device: any Device) throws {
        self.device = device
        let configuration = try GLM4VConfiguration.load(model)
        processor = try GLM4VImageProcessorConfiguration.load(model, for: configuration.vision)
        let map = try model.weights("")
        tower = try VisionTower(WeightScope(map: map, device: device).scope("model.visual"), configuration.vision)
        for prefix in CheckpointPart.answerModel.prefixes(of: .vision) { map.ignore(prefix: prefix) }
        try map.finish()
    }

    /// How large the model sees an image.
    public var sizeRule: ImageSizeRule { processor.sizeRule }

    /// The rows of an image of any size within the processor's limits.
    ///
    /// - Parameters:
    ///   - field: what a refusal calls the image.
    ///   - element: of the rows.
    ///   - maxPixels: bound of the resized image's pixels, below the checkpoint's own.
    ///   - checkCancellation: called before each block.
    /// - Throws: `RequestError` when the image's shape can't be encoded; what `checkCancellation` throws; `GLMImageError` when a row is not
    ///   finite.
    public func encode(
        _ image: RGBImage, field: String, element: PictureRows.Element, maxPixels: Int? = nil, checkCancellation: () throws -> Void
    ) throws -> PictureRows {
        let size = try processor.sizeRule.size(height: image.height, width: image.width, field: field, within: maxPixels)
        if size.grid != grid { device.releaseUnusedMemory() }
        grid = size.grid
        let rows = try device.floats(tower(processor.patches(of: image, size), size.grid, checkCancellation: checkCancellation))
        guard rows.allSatisfy(\.isFinite) else { throw GLMImageError(.notFinite, "the vision tower's rows of \(field) are not finite") }
        return try PictureRows(
            grid: size.grid, columns: tower.configuration.outputSize, element: element, bytes: element.bytes(rows))
    }
}

extension GLM4VImageProcessorConfiguration {
    /// Normalised patches of an image at `size`, one frame of them: `[patches, 3 · patch · patch]`, in the order of ``PatchGrid``.
    package func patches(of image: RGBImage, _ size: ImageSizeRule.Size) -> [Float] {
        let fits = image.height == size.height && image.width == size.width
        let resized = fits ? image : image.resized(width: size.width, height: size.height)
        return resized.patches(
            patchSize: patchSize, mergeSize: mergeSize, mean: mean, standardDeviation: standardDeviation, rescale: rescaleFactor)
    }
}

extension PictureRows.Element {
    /// `values` as bytes, little-endian, rounded to the nearest, ties to even.
    package func bytes(_ values: [Float]) -> [UInt8] {
        switch self {
        case .f32: values.withUnsafeBytes { Array($0) }
        case .bf16:
            [UInt8](unsafeUninitializedCapacity: 2 * values.count) { bytes, count in
                bytes.withMemoryRebound(to: UInt16.self) { rounded in
                    for (index, value) in values.enumerated() { rounded[index] = value.bf16 }
                }
                count = 2 * values.count
            }
        }
    }
}
