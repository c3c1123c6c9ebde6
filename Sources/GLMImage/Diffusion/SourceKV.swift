import ModelConfiguration
import Tensor

/// The keys and values of all source images of a request, layer by layer; the images follow one another.
///
/// Reference: diffusers 0.42.1 `GlmImageLayerKVCache`: written once at time step 0, read by the conditional passes, not by the
/// unconditional ones.
package final class SourceKV {
    /// Of each rank, in order.
    let shards: [SourceKVShard]

    init(_ shards: [SourceKVShard]) { self.shards = shards }

    /// Patches of all images.
    var rows: Int { shards[0].rows }
    /// Of keys and values together, on each device.
    var bytes: Int { shards[0].bytes }
}

/// Those of one rank's heads, on its device.
final class SourceKVShard {
    private let keys, values: [Tensor]  // per layer [rows, hidden / ranks], in the device's cacheType
    let rows: Int
    let bytes: Int
    private var filled: [Int]

    init(rows: Int, _ share: TransformerShare, _ configuration: TransformerConfiguration, on device: any Device) {
        self.rows = rows
        bytes = Self.bytes(rows: rows, share, configuration, device.cacheType)
        let shape = Shape(rows, configuration.hiddenSize / share.ranks)
        func make() -> [Tensor] { (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) } }
        (keys, values) = (make(), make())
        filled = Array(repeating: 0, count: configuration.layers)
    }

    static func bytes(rows: Int, _ share: TransformerShare, _ configuration: TransformerConfiguration, _ type: DType) -> Int {
        TransformerFootprint(configuration, elementBytes: type.byteCount, share: share).sourceCache(rows: rows)
    }

    /// Copies the rows of one layer to `keys` and `values`, `[rows, hidden / ranks]`.
    func read(_ layer: Int, keys: Tensor, values: Tensor, on device: any Device) {
        let all = Array(0..<Int32(rows))
        device.embed(all, table: self.keys[layer], into: keys)
        device.embed(all, table: self.values[layer], into: values)
    }

    /// Stores the rows of one more image, `[patches, hidden / ranks]`.
    func append(_ layer: Int, keys newKeys: Tensor, values newValues: Tensor, on device: any Device) {
        let range = filled[layer]..<filled[layer] + newKeys.rows
        let rows = range.map(Int32.init)
        device.scatter(newKeys, rows: rows, into: keys[layer])
        device.scatter(newValues, rows: rows, into: values[layer])
        filled[layer] = range.upperBound
    }
}
