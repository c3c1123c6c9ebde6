import Domain
import Layers
import ModelConfiguration
import Tensor

/// The memory for passes over pictures of one size, f32, made before the loop over the steps. On one of several ranks it is as large as the
/// rank's own rows need it.
struct TransformerWorkspace {
    let grid: GridSize  // of patches
    let patches: Tensor  // [image, channels · patch²], of the rank's most rows
    let x, normed, query: Tensor  // [text + image, hidden]
    let keys, values: Tensor  // [sources + text + image, hidden], of the sequence; on one of several ranks [.., hidden / ranks]
    let inner: Tensor  // [text + image, 4 · hidden]
    let modulation: Tensor  // [1, 12 · hidden]
    let outputModulation: Tensor  // [1, 2 · hidden]
    let sizeEmbedding: Tensor  // [1, timeEmbeddingSize], the same for all steps
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2], of the whole image
    /// Nil where the device computes passes alone.
    let exchange: HeadExchange?

    /// - Parameters:
    ///   - maximumText: the most rows of text that a pass has.
    ///   - sourceRows: patches of the source images that a pass attends to.
    ///   - sizeEmbedding: of the picture's size.
    init(
        grid: GridSize, maximumText: Int, sourceRows: Int, sizeEmbedding: Tensor, rotary: RotaryTable, _ configuration: TransformerConfiguration,
        on device: any Device, _ communicator: (any Communicator)?
    ) {
        let hidden = configuration.hiddenSize, ranks = communicator?.size ?? 1
        let rows = SequenceSpan(text: maximumText, image: grid.count, rank: 0, of: ranks).rowsPerRank
        func make(_ rows: Int, _ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), .f32) }
        self.grid = grid
        self.sizeEmbedding = sizeEmbedding
        self.rotary = rotary
        patches = make(min(grid.count, rows), configuration.inChannels * configuration.patchSize * configuration.patchSize)
        x = make(rows, hidden)
        normed = make(rows, hidden)
        query = make(rows, hidden)
        keys = make(sourceRows + ranks * rows, hidden / ranks)
        values = make(sourceRows + ranks * rows, hidden / ranks)
        exchange = communicator.map { [type = query.dtype] in HeadExchange($0, rowsPerRank: rows, type, configuration, on: device) }
        inner = make(rows, 4 * hidden)
        modulation = make(1, 12 * hidden)
        outputModulation = make(1, 2 * hidden)
        timeEmbedding = make(1, configuration.timeEmbeddingSize)
    }
}
