import ModelConfiguration
import Layers
import Tensor

/// What one run through the transformer's blocks reads and writes. All memory is made before the step loop.
struct TransformerPass {
    enum CacheUse {
        /// Keeps each layer's keys and values of a source image for the passes to come.
        case write(ConditionCache)
        /// Attends to the source images too.
        case read(ConditionCache)
        /// Attends to nothing but its own rows.
        case none
    }

    let textRows: Range<Int>
    let imageRows: Range<Int>
    /// Rows of keys and values that stand in front of this pass's own: those read from the cache.
    let cachedRows: Int
    let x, normed, query: Tensor  // [text + image, hidden]
    let keys, values: Tensor  // [cached + text + image, hidden]
    let inner: Tensor  // [text + image, 4 · hidden]
    let modulation: Tensor  // [1, 12 · hidden]
    let timeEmbedding: Tensor  // [1, timeSize]
    let rotary: RotaryTable  // [image, headSize / 2]
    let cache: CacheUse

    init(text: Int, memory: TransformerMemory, cache: CacheUse) {
        let rows = text + memory.imageRows
        textRows = 0..<text
        imageRows = text..<rows
        if case .read(let stored) = cache { cachedRows = stored.rows } else { cachedRows = 0 }
        func first(_ tensor: Tensor, _ count: Int) -> Tensor { tensor.prefix(Shape(count, tensor.columns)) }
        x = first(memory.x, rows)
        normed = first(memory.normed, rows)
        query = first(memory.query, rows)
        keys = first(memory.keys, cachedRows + rows)
        values = first(memory.values, cachedRows + rows)
        inner = first(memory.inner, rows)
        modulation = memory.modulation
        timeEmbedding = memory.timeEmbedding
        rotary = memory.rotary
        self.cache = cache
    }

    /// Stores the pass's own keys and values of `layer`, or puts the source images' in front of them.
    func exchangeCache(_ layer: Int, keys: Tensor, values: Tensor, on device: any Device) {
        switch cache {
        case .none: break
        case .write(let cache):
            cache.append(layer, keys: keys, values: values, on: device)
        case .read(let cache):
            cache.read(layer, keys: self.keys.rows(0..<cachedRows), values: self.values.rows(0..<cachedRows), on: device)
        }
    }
}

/// Memory for passes over pictures of one size, sized for the longest text and the whole cache.
struct TransformerMemory {
    let imageRows: Int
    let x, normed, query, keys, values, inner, modulation, timeEmbedding: Tensor
    let rotary: RotaryTable

    init(grid: GridSize, maximumText: Int, cachedRows: Int, _ configuration: TransformerConfiguration, rotary: RotaryTable, on device: any Device) {
        let hidden = configuration.hiddenSize
        let rows = maximumText + grid.count
        func make(_ rows: Int, _ columns: Int) -> Tensor { device.makeTensor(Shape(rows, columns), .f32) }
        imageRows = grid.count
        x = make(rows, hidden)
        normed = make(rows, hidden)
        query = make(rows, hidden)
        keys = make(cachedRows + rows, hidden)
        values = make(cachedRows + rows, hidden)
        inner = make(rows, 4 * hidden)
        modulation = make(1, 12 * hidden)
        timeEmbedding = make(1, configuration.timeEmbeddingSize)
        self.rotary = rotary
    }
}

/// Keys and values of all source images of a request, layer by layer; the images stand one after another.
///
/// Reference: diffusers 0.42.1 `GlmImageLayerKVCache`: written once at time step 0, read by the conditional pass, skipped
/// by the unconditional one.
package final class ConditionCache {
    private let keys, values: [Tensor]  // per layer [rows, hidden], in the device's cacheType
    let rows: Int
    /// Of keys and values together.
    let bytes: Int
    private var filled: [Int]

    init(rows: Int, _ configuration: TransformerConfiguration, on device: any Device) {
        self.rows = rows
        bytes = Self.bytes(rows: rows, configuration, device.cacheType)
        func make() -> [Tensor] { (0..<configuration.layers).map { _ in device.makeTensor(Shape(rows, configuration.hiddenSize), device.cacheType) } }
        (keys, values) = (make(), make())
        filled = Array(repeating: 0, count: configuration.layers)
    }

    static func bytes(rows: Int, _ configuration: TransformerConfiguration, _ type: DType) -> Int {
        TransformerFootprint(configuration, elementBytes: type.byteCount).sourceCache(rows: rows)
    }

    func read(_ layer: Int, keys: Tensor, values: Tensor, on device: any Device) {
        let all = Array(0..<Int32(rows))
        device.embed(all, table: self.keys[layer], into: keys)
        device.embed(all, table: self.values[layer], into: values)
    }

    func append(_ layer: Int, keys newKeys: Tensor, values newValues: Tensor, on device: any Device) {
        let range = filled[layer]..<filled[layer] + newKeys.rows
        let rows = range.map(Int32.init)
        device.scatter(newKeys, rows: rows, into: keys[layer])
        device.scatter(newValues, rows: rows, into: values[layer])
        filled[layer] = range.upperBound
    }
}
