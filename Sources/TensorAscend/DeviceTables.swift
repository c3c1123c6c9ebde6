import Tensor

/// Constants on the device that operations of one step share: row numbers, page tables, masks.
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

    private var tensors: [Key: Tensor] = [:]
    /// Row numbers of a step's sequences and a few of each other kind.
    private static let most = 96

    mutating func tensor(_ key: Key, make: () -> Tensor) -> Tensor {
        if let found = tensors[key] { return found }
        // Whatever is in use is asked for again soon, and made again.
        if tensors.count >= DeviceTables.most { tensors.removeAll(keepingCapacity: true) }
        let tensor = make()
        tensors[key] = tensor
        return tensor
    }

    mutating func removeAll() { tensors.removeAll() }
}
