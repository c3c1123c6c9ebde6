import Domain
import Layers
import ModelConfiguration
import Tensor

/// The memory for passes over pictures of one size, made before the loop over the steps; of the transformer's type of activations
/// where nothing else is said. On one of several ranks it is as large as the rank's share needs it.
struct TransformerWorkspace {
    let grid: GridSize  // of patches
    let patches: Tensor  // [image, channels · patch²], of the rank's most rows, f32: the scheduler integrates them over all steps
    let x, normed: Tensor  // [text + image, hidden]
    let sum: Tensor  // the same, f32: of all ranks that divide heads; `x` itself where that is f32, or no rank does
    let query: Tensor  // [text + image, hidden / headRanks]
    let attended: Tensor  // the same; `normed` itself where no ranks divide heads
    let keys, values: Tensor  // [sources + text + image, hidden / ranks], of the sequence
    let inner: Tensor  // [text + image, 4 · hidden / headRanks]
    let modulation: Tensor  // [1, 12 · hidden], f32: 1 is added to parts of it
    let outputModulation: Tensor  // [1, 2 · hidden], f32
    let sizeEmbedding: Tensor  // [1, timeEmbeddingSize], f32, the same for all steps
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2], f32, of the whole image
    /// Nil where no ranks divide rows.
    let exchange: HeadExchange?

    /// - Parameters:
    ///   - maximumText: the most rows of text that a pass has.
    ///   - sourceRows: patches of the source images that a pass attends to.
    ///   - sizeEmbedding: of the picture's size.
    init(
        grid: GridSize, maximumText: Int, sourceRows: Int, sizeEmbedding: Tensor, rotary: RotaryTable, _ configuration: TransformerConfiguration,
        _ type: DType, _ share: TransformerShare, on device: any Device, _ communicator: (any Communicator)?
    ) {
        let hidden = configuration.hiddenSize, own = hidden / share.headRanks
        let rows = SequenceSpan(text: maximumText, image: grid.count, rank: 0, of: share.rowRanks).rowsPerRank
        func make(_ rows: Int, _ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), type) }
        self.grid = grid
        self.sizeEmbedding = sizeEmbedding
        self.rotary = rotary
        patches = device.makeTensor(
            Shape(min(grid.count, rows), configuration.inChannels * configuration.patchSize * configuration.patchSize), .f32)
        x = make(rows, hidden)
        normed = make(rows, hidden)
        sum = share.headRanks > 1 && type != .f32 ? device.makeTensor(x.shape, .f32) : x
        query = make(rows, own)
        attended = share.headRanks > 1 ? make(rows, own) : normed
        keys = make(sourceRows + share.rowRanks * rows, hidden / share.ranks)
        values = make(sourceRows + share.rowRanks * rows, hidden / share.ranks)
        exchange =
            share.rowRanks > 1 ? communicator.map { HeadExchange($0, rowsPerRank: rows, type, configuration, on: device) } : nil
        inner = make(rows, 4 * own)
        modulation = device.makeTensor(Shape(1, 12 * hidden), .f32)
        outputModulation = device.makeTensor(Shape(1, 2 * hidden), .f32)
        timeEmbedding = make(1, configuration.timeEmbeddingSize)
    }
}
