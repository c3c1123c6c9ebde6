import ModelConfiguration
import Tensor

/// The pages of a batch's keys and values, which sequences take and release, and which kept prefixes hold until somebody needs them. Each rank has
/// memory of its own for its part of all of them.
package final class KVPool {
    /// By rank.
    let memory: [KVMemory]
    private let threads: RankThreads
    private var allocator: PageAllocator
    private var prefixes = PrefixCache()

    init(pages: Int, _ decoder: TokenDecoder) {
        threads = decoder.threads
        memory = threads.each { KVMemory(pages: pages, decoder.parts[$0]) }
        allocator = PageAllocator(pageCount: pages)
    }

    /// A page that tables may name where a sequence has none.
    var spare: Int32 { memory[0].spare }
    var pageCount: Int { allocator.pageCount }
    /// Pages that no sequence holds: free ones, and those that kept prefixes alone hold.
    var freePages: Int { allocator.freeCount + prefixes.pages.count { allocator.references($0.key) == $0.value } }

    /// Whether ``take(_:)`` would return pages.
    func has(_ count: Int) -> Bool { count <= allocator.freeCount || count <= freePages }

    /// `count` pages, for which prefixes are given up, or nil if sequences hold too many.
    func take(_ count: Int) -> [Int32]? {
        guard has(count) else { return nil }
        while allocator.freeCount < count { guard giveUpPrefix() else { return nil } }
        let pages = allocator.take(count)
        if let pages, memory[0].clearsPages { _ = threads.each { memory[$0].clear(pages) } }
        return pages
    }

    func retain(_ pages: [Int32]) { allocator.retain(pages) }
    func release(_ pages: [Int32]) { allocator.release(pages) }

    /// Copies the first `rows` rows of a page to another, in all layers.
    func copy(_ page: Int32, to other: Int32, rows: Int) { _ = threads.each { memory[$0].copy(page, to: other, rows: rows) } }

    /// The nodes of the longest kept prefix of `segments`, the shortest first.
    func path(_ segments: some Sequence<PrefixSegment>) -> [PrefixCache.Node] { prefixes.path(segments) }
    /// How many tokens a prefix has, and the pages of all its rows, in order.
    func prefix(_ path: [PrefixCache.Node]) -> (tokens: Int, pages: [Int32]) { prefixes.prefix(path) }

    /// Keeps the segment behind `parent`, whose rows are in `pages`; nil if `parent` has been given up.
    func keep(_ segment: PrefixSegment, behind parent: PrefixCache.Node, pages: [Int32]) -> PrefixCache.Node? {
        guard let (node, isNew) = prefixes.insert(segment, behind: parent, pages: pages) else { return nil }
        if isNew { allocator.retain(pages) }
        return node
    }

    /// Gives up all kept prefixes.
    func forgetPrefixes() { while giveUpPrefix() {} }

    private func giveUpPrefix() -> Bool {
        guard let pages = prefixes.removeLeast({ allocator.references($0) == 1 }) else { return false }
        allocator.release(pages)
        return true
    }
}
