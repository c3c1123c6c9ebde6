/// Which pages of a pool are free: the bookkeeping, without the memory.
package struct PageAllocator: Sendable, Hashable {
    package let pageCount: Int
    private var free: [Int32]

    package init(pageCount: Int) {
        self.pageCount = pageCount
        free = (0..<Int32(pageCount)).reversed()
    }

    package var freeCount: Int { free.count }

    /// `count` pages, or nil if fewer are free.
    package mutating func take(_ count: Int) -> [Int32]? {
        guard count <= free.count else { return nil }
        defer { free.removeLast(count) }
        return free.suffix(count).reversed()
    }

    package mutating func release(_ pages: [Int32]) {
        precondition(pages.count + free.count <= pageCount, "\(pages.count) pages released while \(free.count) of \(pageCount) are free")
        free += pages.reversed()
    }
}
