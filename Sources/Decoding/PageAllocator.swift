/// Which pages of a pool are free, and how many hold each of the others: the bookkeeping, without the memory.
package struct PageAllocator: Sendable, Hashable {
    private var free: [Int32]
    private var references: [Int]  // [pages]

    package init(pageCount: Int) {
        free = (0..<Int32(pageCount)).reversed()
        references = Array(repeating: 0, count: pageCount)
    }

    package var pageCount: Int { references.count }
    package var freeCount: Int { free.count }

    /// How many hold `page`: sequences, and prefixes that are kept.
    package func references(_ page: Int32) -> Int { references[Int(page)] }

    /// `count` pages, each held once, or nil if fewer are free.
    package mutating func take(_ count: Int) -> [Int32]? {
        guard count <= free.count else { return nil }
        let pages = Array(free.suffix(count).reversed())
        free.removeLast(count)
        for page in pages { references[Int(page)] = 1 }
        return pages
    }

    /// Holds pages that somebody holds already once more.
    package mutating func retain(_ pages: some Sequence<Int32>) {
        for page in pages {
            precondition(references[Int(page)] > 0, "page \(page), which is free, is held once more")
            references[Int(page)] += 1
        }
    }

    /// Gives up one hold of each of `pages`; those that nobody holds any more are free.
    package mutating func release(_ pages: some BidirectionalCollection<Int32>) {
        for page in pages.reversed() {
            precondition(references[Int(page)] > 0, "page \(page), which is free, is released")
            references[Int(page)] -= 1
            if references[Int(page)] == 0 { free.append(page) }
        }
    }
}
