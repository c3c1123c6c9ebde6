import ModelConfiguration
import Tensor

/// The memory for the keys and values of a batch: two pools of rows for each layer, cut into pages that sequences take and release, and
/// that kept prefixes hold until somebody needs them.
///
/// A page that no sequence has used is never written, so a system that allocates memory at its first use saves it. On a device whose
/// attention reads whole pages, those that a sequence takes are zeroed, lest it read what another left behind, which may not be finite.
package final class KVPool {
    /// Per layer `[pages · DecoderSizes.pageRows, keyValueHeads · headSize]`, in the device's `cacheType`.
    let keys, values: [Tensor]
    /// A page that tables may name where a sequence has none. Where attention reads it, its rows are zero.
    let spare: Int32
    private let device: any Device
    private var allocator: PageAllocator
    private var prefixes = PrefixCache()

    init(pages: Int, _ configuration: DecoderConfiguration, on device: any Device) {
        spare = device.readsWholePages ? Int32(pages) : 0
        let shape = Shape((pages + (device.readsWholePages ? 1 : 0)) * DecoderSizes.pageRows, configuration.keyValueSize)
        keys = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        values = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        allocator = PageAllocator(pageCount: pages)
        self.device = device
        clear([spare])
    }

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
        clear(pages ?? [])
        return pages
    }

    private func clear(_ pages: [Int32]) {
        guard device.readsWholePages else { return }
        for page in pages { for pool in keys + values { device.clear(pool.rows(KVPool.rows(page))) } }
    }

    /// The first rows of a page, or all.
    private static func rows(_ page: Int32, _ count: Int = DecoderSizes.pageRows) -> Range<Int> {
        let start = Int(page) * DecoderSizes.pageRows
        return start..<start + count
    }

    func retain(_ pages: [Int32]) { allocator.retain(pages) }
    func release(_ pages: [Int32]) { allocator.release(pages) }

    /// Copies the first `rows` rows of a page to another, in all layers.
    func copy(_ page: Int32, to other: Int32, rows: Int) {
        for pool in keys + values { device.copy(pool.rows(KVPool.rows(page, rows)), to: pool.rows(KVPool.rows(other, rows))) }
    }

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
