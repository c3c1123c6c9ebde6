import Domain
import Layers
import ModelConfiguration
import Tensor

/// The memory for passes over pictures of one size, f32, made before the loop over the steps.
struct TransformerWorkspace {
    let grid: GridSize  // of patches
    let patches: Tensor  // [image, channels · patch²]
    let x, normed, query: Tensor  // [text + image, hidden]
    let keys, values: Tensor  // [sources + text + image, hidden]
    let inner: Tensor  // [text + image, 4 · hidden]
    let modulation: Tensor  // [1, 12 · hidden]
    let outputModulation: Tensor  // [1, 2 · hidden]
    let sizeEmbedding: Tensor  // [1, timeEmbeddingSize], the same for all steps
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2]

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
        func make(_ rows: Int, _ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), .f32) }
        self.grid = grid
        self.sizeEmbedding = sizeEmbedding
        self.rotary = rotary
        patches = make(grid.count, configuration.inChannels * configuration.patchSize * configuration.patchSize)
        x = make(rows, hidden)
        normed = make(rows, hidden)
        query = make(rows, hidden)
        keys = make(sourceRows + rows, hidden)
        values = make(sourceRows + rows, hidden)
        inner = make(rows, 4 * hidden)
        modulation = make(1, 12 * hidden)
        outputModulation = make(1, 2 * hidden)
        timeEmbedding = make(1, configuration.timeEmbeddingSize)
    }
}
