import ModelConfiguration

/// Which pages hold the keys and values of prompt prefixes that were computed before: a tree whose branches are the segments between cuts.
/// The bookkeeping, without the memory.
///
/// A segment's node holds all pages that have rows of the segment. Where a segment begins in the middle of a page, that page has the rows
/// before it too: a sequence never writes behind a prefix in a page that it shares, it copies the page first.
package struct PrefixCache: Sendable {
    package typealias Node = Int
    /// The empty prefix.
    package static let root: Node = 0

    private struct Key: Hashable {
        let parent: Node
        let segment: PrefixSegment
    }

    private struct Entry {
        let key: Key
        let pages: [Int32]
        var children = 0
        var lastUse: Int
    }

    private var nodes: [Key: Node] = [:]
    private var entries: [Node: Entry] = [:]
    private var lastNode = PrefixCache.root
    private var uses = 0
    /// Pages of nodes, and how many nodes hold each.
    package private(set) var pages: [Int32: Int] = [:]

    package init() {}

    /// The nodes of the longest kept prefix that is made of the first `segments`, the shortest first.
    package mutating func path(_ segments: some Sequence<PrefixSegment>) -> [Node] {
        var path: [Node] = []
        uses += 1
        for segment in segments {
            guard let node = nodes[Key(parent: path.last ?? PrefixCache.root, segment: segment)] else { break }
            entries[node]?.lastUse = uses
            path.append(node)
        }
        return path
    }

    /// How many tokens a prefix has, and the pages of all its rows, in order.
    package func prefix(_ path: [Node]) -> (tokens: Int, pages: [Int32]) {
        var tokens = 0
        var pages: [Int32] = []
        for entry in path.compactMap({ entries[$0] }) {
            let segment = entry.key.segment.tokens
            // The longer prefix's page has the rows of both.
            pages = pages.prefix(segment.lowerBound / DecoderSizes.pageRows) + entry.pages
            tokens = segment.upperBound
        }
        return (tokens, pages)
    }

    /// Keeps the segment behind `parent`, whose rows are in `pages`.
    /// - Returns: its node, and whether it is new, so that its pages must be held; nil if `parent` has been given up.
    package mutating func insert(_ segment: PrefixSegment, behind parent: Node, pages: [Int32]) -> (node: Node, isNew: Bool)? {
        guard parent == PrefixCache.root || entries[parent] != nil else { return nil }
        let key = Key(parent: parent, segment: segment)
        if let node = nodes[key] { return (node, false) }
        lastNode += 1
        uses += 1
        nodes[key] = lastNode
        entries[lastNode] = Entry(key: key, pages: pages, lastUse: uses)
        entries[parent]?.children += 1
        for page in pages { self.pages[page, default: 0] += 1 }
        return (lastNode, true)
    }

    /// Gives up the node that was used least recently of those that no longer prefix needs, if possible one that makes a page free.
    /// - Parameter isFreed: whether a page would be free once a node of it is given up.
    /// - Returns: the pages that it held, nil if there is no node.
    package mutating func removeLeast(_ isFreed: (Int32) -> Bool) -> [Int32]? {
        let leaves = entries.filter { $0.value.children == 0 }
        let freeing = leaves.filter { $0.value.pages.contains(where: isFreed) }
        guard let (node, entry) = (freeing.isEmpty ? leaves : freeing).min(by: { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) }) else {
            return nil
        }
        entries[node] = nil
        nodes[entry.key] = nil
        entries[entry.key.parent]?.children -= 1
        for page in entry.pages {
            let holds = pages[page, default: 0] - 1
            pages[page] = holds == 0 ? nil : holds
        }
        return entry.pages
    }
}
