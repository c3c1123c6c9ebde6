import Tensor

/// Constants on the device that operations of one step share: row numbers, page tables, masks.
///
/// Of each size there are a few places, which later constants take over in turn: their addresses, and with them the plans of the
/// operators that read them, stay the same from step to step. What was queued before reads what was there before.
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
    }

    private struct Size: Hashable {
        let shape: Shape
        let dtype: DType
    }

    private struct Places {
        var held: [(key: Key, tensor: Tensor)] = []
        var next = 0
    }

    private var places: [Size: Places] = [:]
    private static let ofEachSize = 4
    private static let mostSizes = 64

    /// - Parameters:
    ///   - make: a tensor with undefined contents.
    ///   - fill: queues its contents.
    mutating func tensor(_ key: Key, _ shape: Shape, _ dtype: DType, make: () -> Tensor, fill: (Tensor) -> Void) -> Tensor {
        let size = Size(shape: shape, dtype: dtype)
        if let found = places[size]?.held.first(where: { $0.key == key }) { return found.tensor }
        // Whatever is in use is asked for again soon, and made again.
        if places[size] == nil, places.count >= DeviceTables.mostSizes { places.removeAll() }
        var place = places[size] ?? Places()
        let tensor: Tensor
        if place.held.count < DeviceTables.ofEachSize {
            tensor = make()
            place.held.append((key, tensor))
        } else {
            tensor = place.held[place.next].tensor
            place.held[place.next].key = key
            place.next = (place.next + 1) % DeviceTables.ofEachSize
        }
        places[size] = place
        fill(tensor)
        return tensor
    }

    mutating func removeAll() { places.removeAll() }
}
