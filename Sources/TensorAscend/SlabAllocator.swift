import Synchronization

/// Allocates pieces of large blocks of device memory, and frees them without waiting for the device.
///
/// A freed piece may be allocated again at once: all work of a device is queued on one stream, so work that is queued later on the same
/// memory also runs later. Blocks are returned to the device by `trim()` only, when the stream is idle. Pieces may be freed on any thread;
/// all other calls are made on the thread that drives the device.
final class SlabAllocator: Sendable {
    fileprivate struct Slab {
        let base: Int
        let size: Int
        var used = 0
        var live = 0
    }

    fileprivate struct State {
        var slabs: [Slab] = []
        /// Addresses of free pieces, by size, the lowest last: the same steps get the same addresses,
        /// whatever order their pieces came back in, and so keep their plans.
        var free: [Int: [Int]] = [:]
        /// Size of each piece that is out.
        var sizes: [Int: Int] = [:]
    }

    private let largestSlab: Int
    private let state = Mutex(State())

    private static let smallestSlab = 4 << 20

    /// - Parameter largestSlab: the largest block that is requested for several pieces; larger pieces get a block of their own.
    init(largestSlab: Int) { self.largestSlab = largestSlab }

    /// A piece of at least `count` bytes that begins at a multiple of 512 and ends 32 bytes behind what operators may touch.
    /// - Parameter make: asks the device for a block; nil when it has none.
    func take(_ count: Int, make: (Int) -> UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        let size = SlabAllocator.size(count)
        if let address = state.withLock({ $0.reuse(size) ?? $0.cut(size) }) { return UnsafeMutableRawPointer(bitPattern: address) }
        // As much as there is already: few blocks for a large model, little waste for a small one.
        let slab = min(max(byteCount, SlabAllocator.smallestSlab), largestSlab)
        let bytes = size > slab / 2 ? size : slab
        guard let base = make(bytes) else { return nil }
        return state.withLock {
            $0.slabs.append(Slab(base: Int(bitPattern: base), size: bytes))
            return $0.cut(size).flatMap(UnsafeMutableRawPointer.init(bitPattern:))
        }
    }

    func give(_ address: UnsafeMutableRawPointer) {
        state.withLock { $0.give(Int(bitPattern: address)) }
    }

    /// Blocks of which no piece is out, which are forgotten here. The caller frees them.
    func trim() -> [UnsafeMutableRawPointer] {
        state.withLock { $0.removeUnused() }.compactMap(UnsafeMutableRawPointer.init(bitPattern:))
    }

    /// All blocks; for the end of the device.
    func removeAll() -> [UnsafeMutableRawPointer] {
        state.withLock { state in
            defer { state = State() }
            return state.slabs.compactMap { UnsafeMutableRawPointer(bitPattern: $0.base) }
        }
    }

    /// Whether a piece that is out begins at `address`.
    func holds(_ address: UnsafeMutableRawPointer) -> Bool { state.withLock { $0.sizes[Int(bitPattern: address)] != nil } }

    /// Bytes of all blocks.
    var byteCount: Int { state.withLock { $0.slabs.reduce(0) { $0 + $1.size } } }

    /// Eight sizes for each doubling, so that a piece that comes back fits what is asked for next.
    private static func size(_ byteCount: Int) -> Int {
        let least = (byteCount + 31) / 32 * 32 + 32
        let step = max(512, (1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)) / 8)
        return (least + step - 1) / step * step
    }
}

extension SlabAllocator.State {
    mutating func reuse(_ size: Int) -> Int? {
        guard let address = free[size]?.popLast() else { return nil }
        return takeOut(address, size)
    }

    /// From the unused end of a block.
    mutating func cut(_ size: Int) -> Int? {
        guard let index = slabs.firstIndex(where: { $0.size - $0.used >= size }) else { return nil }
        defer { slabs[index].used += size }
        return takeOut(slabs[index].base + slabs[index].used, size)
    }

    private mutating func takeOut(_ address: Int, _ size: Int) -> Int {
        sizes[address] = size
        slabs[slab(of: address)].live += 1
        return address
    }

    mutating func give(_ address: Int) {
        // A block may be gone before its pieces: the device ended first.
        guard let size = sizes.removeValue(forKey: address) else { return }
        let at = free[size]?.firstIndex { $0 < address } ?? free[size]?.count ?? 0
        free[size, default: []].insert(address, at: at)
        slabs[slab(of: address)].live -= 1
    }

    mutating func removeUnused() -> [Int] {
        let unused = slabs.filter { $0.live == 0 }
        slabs.removeAll { $0.live == 0 }
        for size in free.keys { free[size]?.removeAll { address in unused.contains { ($0.base..<$0.base + $0.size).contains(address) } } }
        return unused.map(\.base)
    }

    private func slab(of address: Int) -> Int {
        guard let index = slabs.firstIndex(where: { ($0.base..<$0.base + $0.size).contains(address) }) else {
            preconditionFailure("address \(address) is of no block")
        }
        return index
    }
}
