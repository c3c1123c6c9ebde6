import Domain
import Layers
import Tensor

/// One run through the transformer's blocks: the rows of its workspace that it reads and writes. Rows are text first, then image.
struct ForwardPass {
    /// What a pass does with the keys and values of source images.
    enum SourceUse {
        /// The pass's own rows are a source image: stores their keys and values.
        case write(SourceKV)
        /// Attends to the source images too.
        case read(SourceKV)
        /// Attends to nothing but its own rows.
        case none
    }

    let textRows: Range<Int>
    let imageRows: Range<Int>
    /// Rows of keys and values in front of this pass's own: those of the source images.
    let sourceRows: Int
    let x, normed, query: Tensor  // [text + image, hidden]
    let keys, values: Tensor  // [sources + text + image, hidden]
    let inner: Tensor  // [text + image, 4 · hidden]
    let modulation: Tensor  // [1, 12 · hidden]
    let timeEmbedding: Tensor  // [1, timeEmbeddingSize]
    let rotary: RotaryTable  // [image, headSize / 2]
    private let sources: SourceUse

    /// - Parameter text: rows of text.
    init(text: Int, _ workspace: TransformerWorkspace, sources: SourceUse) {
        let rows = text + workspace.grid.count
        textRows = 0..<text
        imageRows = text..<rows
        if case .read(let stored) = sources { sourceRows = stored.rows } else { sourceRows = 0 }
        func first(_ tensor: Tensor, _ count: Int) -> Tensor { tensor.prefix(Shape(count, tensor.columns)) }
        x = first(workspace.x, rows)
        normed = first(workspace.normed, rows)
        query = first(workspace.query, rows)
        keys = first(workspace.keys, sourceRows + rows)
        values = first(workspace.values, sourceRows + rows)
        inner = first(workspace.inner, rows)
        modulation = workspace.modulation
        timeEmbedding = workspace.timeEmbedding
        rotary = workspace.rotary
        self.sources = sources
    }

    /// Stores the pass's own `keys` and `values` of `layer`, or puts those of the source images in front of them.
    func exchangeSources(_ layer: Int, keys: Tensor, values: Tensor, on device: any Device) {
        switch sources {
        case .none: break
        case .write(let stored): stored.append(layer, keys: keys, values: values, on: device)
        case .read(let stored): stored.read(layer, keys: self.keys.rows(0..<sourceRows), values: self.values.rows(0..<sourceRows), on: device)
        }
    }
}
