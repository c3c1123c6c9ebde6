import Domain
import Layers
import ModelConfiguration
import Tensor

/// The memory for passes over pictures of one size, made before the loop over the steps; of the device's `activationType` where nothing
/// else is said.
struct TransformerWorkspace {
    let grid: GridSize  // of patches
    let patches: Tensor  // [image, channels · patch²], f32: the scheduler integrates them over all steps
    let x, normed, query: Tensor  // [text + image, hidden]
    let keys, values: Tensor  // [sources + text + image, hidden]
    let inner: Tensor  // [text + image, 4 · hidden]
    let modulation: Tensor  // [1, 12 · hidden], f32: 1 is added to parts of it
    let outputModulation: Tensor  // [1, 2 · hidden], f32
    let sizeEmbedding: Tensor  // [1, timeEmbeddingSize], f32, the same for all steps
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2], f32

    /// - Parameters:
    ///   - maximumText: the most rows of text that a pass has.
    ///   - sourceRows: patches of the source images that a pass attends to.
    ///   - sizeEmbedding: of the picture's size.
    init(
        grid: GridSize, maximumText: Int, sourceRows: Int, sizeEmbedding: Tensor, rotary: RotaryTable, _ configuration: TransformerConfiguration,
        on device: any Device
    ) {
        let hidden = configuration.hiddenSize
        let rows = maximumText + grid.count
        func make(_ rows: Int, _ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), device.activationType) }
        self.grid = grid
        self.sizeEmbedding = sizeEmbedding
        self.rotary = rotary
        patches = device.makeTensor(Shape(grid.count, configuration.inChannels * configuration.patchSize * configuration.patchSize), .f32)
        x = make(rows, hidden)
        normed = make(rows, hidden)
        query = make(rows, hidden)
        keys = make(sourceRows + rows, hidden)
        values = make(sourceRows + rows, hidden)
        inner = make(rows, 4 * hidden)
        modulation = device.makeTensor(Shape(1, 12 * hidden), .f32)
        outputModulation = device.makeTensor(Shape(1, 2 * hidden), .f32)
        timeEmbedding = make(1, configuration.timeEmbeddingSize)
    }
}
