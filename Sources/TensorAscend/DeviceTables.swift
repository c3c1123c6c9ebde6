import Tensor

/// Constants on the device that operations of one step share: row numbers, page tables, masks.
///
/// Of each size there are four places. A new constant takes over the one that was asked for longest ago, so the addresses, and with them the
/// plans of the operators that read them, stay the same from step to step. What was queued before reads what was there before. An
/// operation may hold four constants of one size at a time.
struct DeviceTables {
    enum Key: Hashable {
        case rows([Int32])
        case pages([Int32], width: Int)
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

    /// Of each size, the one that was asked for longest ago first.
    private var places: [Size: [(key: Key, tensor: Tensor)]] = [:]
    private static let ofEachSize = 4
    private static let mostSizes = 64

    /// - Parameters:
    ///   - make: a tensor with undefined contents.
    ///   - fill: queues its contents.
    mutating func tensor(_ key: Key, _ shape: Shape, _ dtype: DType, make: () -> Tensor, fill: (Tensor) -> Void) -> Tensor {
        let size = Size(shape: shape, dtype: dtype)
        var held = places[size] ?? []
        if let index = held.firstIndex(where: { $0.key == key }) {
            held.append(held.remove(at: index))
            places[size] = held
            return held[held.count - 1].tensor
        }
        // Whatever is in use is asked for again soon, and made again.
        if places[size] == nil, places.count >= DeviceTables.mostSizes { places.removeAll() }
        let tensor = held.count < DeviceTables.ofEachSize ? make() : held.removeFirst().tensor
        held.append((key, tensor))
        places[size] = held
        fill(tensor)
        return tensor
    }

    mutating func removeAll() { places.removeAll() }
}
