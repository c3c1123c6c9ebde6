import ModelConfiguration
public import Checkpoint
public import Imaging
public import Domain
import Layers
public import Tensor

/// The vision stage's model: a picture in, the codes that stand for it in a prompt out.
public final class VisionEncoder {
    package let tower: VisionTower
    package let quantizer: Quantizer
    package let source: SourceImageRule
    private let device: any Device
    /// Of the last picture: what one of another size took fits no other.
    private var grid: GridSize?

    /// Takes `model.visual` and `model.vqmodel` of the checkpoint, and nothing else.
    public init(model: ModelFolder, device: any Device) throws {
        self.device = device
        let configuration = try VisionLanguageConfiguration.load(model)
        source = SourceImageRule(try ProcessorConfiguration.load(model))
        let map = try model.weights("vision_language_encoder")
        let weights = WeightScope(map: map, device: device)
        tower = try VisionTower(weights.scope("model.visual"), configuration.vision)
        quantizer = try Quantizer(weights.scope("model.vqmodel"), configuration.quantizer)
        for prefix in CheckpointPart.visionLanguageEncoder.prefixes(of: .vision) { map.ignore(prefix: prefix) }
        try map.finish()
    }

    /// The codes of a source image of any size within the processor's aspect limit.
    ///
    /// - Throws: `RequestError` when the picture's shape can't be encoded; what `checkCancellation` throws.
    public func encode(_ image: RGBImage, checkCancellation: () throws -> Void) throws -> CodeGrid {
        let fitted = try source.fit(image)
        let patches = try source.patches(of: fitted)
        if patches.grid != grid { device.releaseUnusedMemory() }
        grid = patches.grid
        let features = try tower(patches.values, grids: [patches.grid], checkCancellation: checkCancellation)
        return CodeGrid(patches.grid, codes: try quantizer(features))
    }
}
