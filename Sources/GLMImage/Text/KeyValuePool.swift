import ModelConfiguration
import Tensor

/// Which pages of a pool are free: the bookkeeping, without the memory.
package struct PageAllocator: Sendable, Hashable {
    package let pageCount: Int
    private var free: [Int32]

    package init(pageCount: Int) {
        self.pageCount = pageCount
        free = (0..<Int32(pageCount)).reversed()
    }

    package var freeCount: Int { free.count }

    /// `count` pages, or nil where fewer are free.
    package mutating func take(_ count: Int) -> [Int32]? {
        guard count <= free.count else { return nil }
        defer { free.removeLast(count) }
        return free.suffix(count).reversed()
    }

    package mutating func give(_ pages: [Int32]) {
        precondition(pages.count + free.count <= pageCount, "\(pages.count) pages given back to \(free.count) free of \(pageCount)")
        free += pages.reversed()
    }
}

/// The memory of a batch's keys and values: for each layer two pools of rows, cut into pages that sequences take and give back.
/// What is not used is not touched, so a system that hands out memory at its first use keeps it.
final class KeyValuePool {
    /// Per layer `[pages · DecoderSizes.pageRows, keyValueHeads · headSize]`.
    let keys, values: [Tensor]
    private(set) var allocator: PageAllocator

    init(pages: Int, _ configuration: TextConfiguration, on device: any Device) {
        let shape = Shape(pages * DecoderSizes.pageRows, configuration.keyValueHeads * configuration.headSize)
        keys = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        values = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        allocator = PageAllocator(pageCount: pages)
    }

    func take(_ count: Int) -> [Int32]? { allocator.take(count) }
    func give(_ pages: [Int32]) { allocator.give(pages) }
}
