import Tensor

/// Constants on the device that operations of one step share: row numbers, places, masks.
///
/// Of each size there are four places. A new constant takes over the one that was asked for longest ago, so the addresses, and with them the
/// plans of the operators that read them, stay the same from step to step. What was queued before reads what was there before. An
/// operation may hold four constants of one size at a time. Those that recordings read stay: see ``init(keepsAll:)``.
struct DeviceTables {
    enum Key: Hashable {
        case rows([Int32])
        /// f32 `[keys]`: −1, −2, and so on.
        case places(Int)
        /// f32 `[side, side]`: 0 on and below the diagonal, far below any score above it.
        case triangle(side: Int)
        /// bool `[side, side]`: true above the diagonal.
        case causalMask(side: Int)
        /// i64 `[rows, keys]`: which column of a relative bias each pair of query and key reads.
        case relative(firstRow: Int, rows: Int, keys: Int, allRows: Int)
        /// f32, all of one value.
        case constant(Float)
    }

    private struct Size: Hashable {
        let shape: Shape
        let dtype: DType
    }

    private struct Places {
        /// The one that was asked for longest ago first.
        var held: [(key: Key, tensor: Tensor)] = []
        var lastUse = 0
    }

    private var places: [Size: Places] = [:]
    private var uses = 0
    private let ofEachSize, mostSizes: Int

    /// - Parameter keepsAll: no constant takes over another's place.
    init(keepsAll: Bool = false) { (ofEachSize, mostSizes) = keepsAll ? (.max, .max) : (4, 64) }

    /// - Parameters:
    ///   - make: a tensor with undefined contents.
    ///   - fill: queues its contents.
    mutating func tensor(_ key: Key, _ shape: Shape, _ dtype: DType, make: () -> Tensor, fill: (Tensor) -> Void) -> Tensor {
        let size = Size(shape: shape, dtype: dtype)
        // The size that has not been asked for for longest makes room for a new one.
        if places[size] == nil, places.count >= mostSizes, let oldest = places.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            places[oldest.key] = nil
        }
        uses += 1
        var held = places[size]?.held ?? []
        defer { places[size] = Places(held: held, lastUse: uses) }
        if let index = held.firstIndex(where: { $0.key == key }) {
            held.append(held.remove(at: index))
            return held[held.count - 1].tensor
        }
        let tensor = held.count < ofEachSize ? make() : held.removeFirst().tensor
        held.append((key, tensor))
        fill(tensor)
        return tensor
    }

    mutating func removeAll() { places.removeAll() }
}
