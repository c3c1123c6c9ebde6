import Domain
import Layers
import Tensor

/// One run through the transformer's blocks: the rows of its workspace that it reads and writes. Rows are text first, then image. Of several ranks
/// each has its share: of rows, or of the heads of all rows.
struct ForwardPass {
    /// What a pass does with the keys and values of source images.
    enum SourceUse {
        /// The pass's own rows are a source image: stores their keys and values.
        case write(SourceKVShard)
        /// Attends to the source images too.
        case read(SourceKVShard)
        /// Attends to nothing but its own rows.
        case none
    }

    let textRows: Range<Int>
    let imageRows: Range<Int>
    /// Rows of keys and values in front of the sequence's: those of the source images.
    private let sourceRows: Int
    let x, normed: Tensor  // [text + image, hidden]
    let sum: Tensor  // the same, f32: of all ranks that divide heads
    let query, ownKeys, ownValues, attended: Tensor  // [text + image, hidden / headRanks]
    /// Of all rows of the sequence and the heads that this rank attends with.
    private let keys, values: Tensor  // [sources + rows, hidden / ranks]
    let inner: Tensor  // [text + image, 4 · hidden / headRanks]
    let modulation: Tensor  // [1, 12 · hidden]
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2]
    private let span: SequenceSpan
    private let exchange: HeadExchange?
    private let sources: SourceUse

    /// - Parameter span: the rank's rows of the pass.
    init(_ span: SequenceSpan, _ workspace: TransformerWorkspace, sources: SourceUse) {
        let rows = span.rows.count
        textRows = 0..<span.textRows.count
        imageRows = span.textRows.count..<rows
        if case .read(let stored) = sources { sourceRows = stored.rows } else { sourceRows = 0 }
        func first(_ tensor: Tensor, _ count: Int) -> Tensor { tensor.prefix(Shape(count, tensor.columns)) }
        x = first(workspace.x, rows)
        normed = first(workspace.normed, rows)
        sum = first(workspace.sum, rows)
        query = first(workspace.query, rows)
        attended = first(workspace.attended, rows)
        keys = first(workspace.keys, sourceRows + span.ranks * span.rowsPerRank)
        values = first(workspace.values, keys.rows)
        if let exchange = workspace.exchange {
            ownKeys = first(exchange.keys, rows)
            ownValues = first(exchange.values, rows)
        } else {
            ownKeys = keys.rows(sourceRows..<keys.rows)
            ownValues = values.rows(sourceRows..<values.rows)
        }
        inner = first(workspace.inner, rows)
        modulation = workspace.modulation
        timeEmbedding = workspace.timeEmbedding
        rotary = workspace.rotary.rows(span.imageRows)
        self.span = span
        exchange = workspace.exchange
        self.sources = sources
    }

    /// Attention of the pass's queries over the sequence and the source images, into `attended`.
    func attend(_ attention: Attention, layer: Int, on device: any Device) {
        guard let exchange else {
            exchangeSources(layer, keys: ownKeys, values: ownValues, on: device)
            device.attention(attention, query: query, key: keys, value: values, into: attended)
            return
        }
        let all = sourceRows..<keys.rows
        exchange.gatherRows(ownKeys, into: keys.rows(all))
        exchange.gatherRows(ownValues, into: values.rows(all))
        let rows = sourceRows..<sourceRows + span.text + span.image
        exchangeSources(layer, keys: keys.rows(rows), values: values.rows(rows), on: device)
        exchange.attend(attention, query: query, keys: keys, values: values, span, into: attended)
    }

    /// Stores the sequence's `keys` and `values` of `layer`, or puts those of the source images in front of them.
    private func exchangeSources(_ layer: Int, keys: Tensor, values: Tensor, on device: any Device) {
        switch sources {
        case .none: break
        case .write(let stored): stored.append(layer, keys: keys, values: values, on: device)
        case .read(let stored): stored.read(layer, keys: self.keys.rows(0..<sourceRows), values: self.values.rows(0..<sourceRows), on: device)
        }
    }
}
