import Domain
import Layers
import ModelConfiguration
import Tensor

/// The memory for passes over pictures of one size, made before the loop over the steps; of the transformer's type of activations
/// where nothing else is said. On one of several ranks it is as large as the rank's own rows need it.
struct TransformerWorkspace {
    let grid: GridSize  // of patches
    let patches: Tensor  // [image, channels · patch²], of the rank's most rows, f32: the scheduler integrates them over all steps
    let x, normed, query: Tensor  // [text + image, hidden]
    let keys, values: Tensor  // [sources + text + image, hidden], of the sequence; on one of several ranks [.., hidden / ranks]
    let inner: Tensor  // [text + image, 4 · hidden]
    let modulation: Tensor  // [1, 12 · hidden], f32: 1 is added to parts of it
    let outputModulation: Tensor  // [1, 2 · hidden], f32
    let sizeEmbedding: Tensor  // [1, timeEmbeddingSize], f32, the same for all steps
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2], f32, of the whole image
    /// Nil where the device computes passes alone.
    let exchange: HeadExchange?

    /// - Parameters:
    ///   - maximumText: the most rows of text that a pass has.
    ///   - sourceRows: patches of the source images that a pass attends to.
    ///   - sizeEmbedding: of the picture's size.
    init(
        grid: GridSize, maximumText: Int, sourceRows: Int, sizeEmbedding: Tensor, rotary: RotaryTable, _ configuration: TransformerConfiguration,
        _ type: DType, on device: any Device, _ communicator: (any Communicator)?
    ) {
        let hidden = configuration.hiddenSize, ranks = communicator?.size ?? 1
        let rows = SequenceSpan(text: maximumText, image: grid.count, rank: 0, of: ranks).rowsPerRank
        func make(_ rows: Int, _ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), type) }
        self.grid = grid
        self.sizeEmbedding = sizeEmbedding
        self.rotary = rotary
        patches = device.makeTensor(
            Shape(min(grid.count, rows), configuration.inChannels * configuration.patchSize * configuration.patchSize), .f32)
        x = make(rows, hidden)
        normed = make(rows, hidden)
        query = make(rows, hidden)
        keys = make(sourceRows + ranks * rows, hidden / ranks)
        values = make(sourceRows + ranks * rows, hidden / ranks)
        exchange = communicator.map { [type = query.dtype] in HeadExchange($0, rowsPerRank: rows, type, configuration, on: device) }
        inner = make(rows, 4 * hidden)
        modulation = device.makeTensor(Shape(1, 12 * hidden), .f32)
        outputModulation = device.makeTensor(Shape(1, 2 * hidden), .f32)
        timeEmbedding = make(1, configuration.timeEmbeddingSize)
    }
}
