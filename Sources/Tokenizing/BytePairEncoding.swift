/// The vocabulary and merges of a byte-level BPE model.
struct BytePairEncoding: Sendable {
    private struct Pair: Hashable {
        var left, right: Int32
    }

    private let ids: [[UInt8]: Int32]
    private let merges: [Pair: (rank: UInt32, id: Int32)]
    private let byteIDs: [Int32?]
    private let ignoresMerges: Bool

    /// - Parameters:
    ///   - vocabulary: a token's bytes and its id.
    ///   - merges: pairs of tokens, the first the strongest.
    ///   - ignoresMerges: a piece that is a token as a whole is taken as it is, whether or not merges lead there.
    init(vocabulary: [[UInt8]: Int32], merges pairs: [([UInt8], [UInt8])], ignoresMerges: Bool) throws(TokenizingError) {
        var merges: [Pair: (rank: UInt32, id: Int32)] = [:]
        merges.reserveCapacity(pairs.count)
        for (rank, (left, right)) in pairs.enumerated() {
            guard let leftID = vocabulary[left], let rightID = vocabulary[right], let id = vocabulary[left + right] else {
                throw TokenizingError(
                    .malformed,
                    "merge \(rank) (\(String(decoding: left, as: UTF8.self)), \(String(decoding: right, as: UTF8.self))) has a part or a result outside the vocabulary"
                )
            }
            merges[Pair(left: leftID, right: rightID)] = (UInt32(rank), id)
        }
        self.ids = vocabulary
        self.merges = merges
        self.byteIDs = (0...255).map { vocabulary[[UInt8($0)]] }
        self.ignoresMerges = ignoresMerges
    }

    func id(of bytes: [UInt8]) -> Int32? { ids[bytes] }

    /// Appends the tokens of one piece. A byte that the vocabulary lacks yields nothing, as in the reference without an unknown token.
    func encode(_ piece: [UInt8], into tokens: inout [Int32]) {
        if ignoresMerges, let id = ids[piece] {
            tokens.append(id)
            return
        }
        var symbols = piece.compactMap { byteIDs[Int($0)] }
        guard symbols.count > 1 else {
            tokens.append(contentsOf: symbols)
            return
        }

        // The symbols form a linked list; a heap yields the strongest merge, of equals the leftmost, in n log n for any piece.
        let end = symbols.count
        var next = (0..<end).map { $0 + 1 }
        var previous = (0..<end).map { $0 - 1 }
        var alive = [Bool](repeating: true, count: end)
        var heap = MinimumHeap()
        func push(_ left: Int) {
            guard left >= 0, next[left] < end, let merge = merges[Pair(left: symbols[left], right: symbols[next[left]])] else { return }
            heap.insert(UInt64(merge.rank) << 32 | UInt64(left))
        }
        for position in 0..<end - 1 { push(position) }
        while let entry = heap.removeMinimum() {
            let left = Int(entry & 0xFFFF_FFFF)
            // Entries are not withdrawn when a neighbour merges: one that no longer names its pair is skipped here.
            guard alive[left], next[left] < end, let merge = merges[Pair(left: symbols[left], right: symbols[next[left]])],
                UInt64(merge.rank) == entry >> 32
            else { continue }
            let right = next[left]
            symbols[left] = merge.id
            alive[right] = false
            next[left] = next[right]
            if next[right] < end { previous[next[right]] = left }
            push(previous[left])
            push(left)
        }
        var position = 0
        while position < end {
            tokens.append(symbols[position])
            position = next[position]
        }
    }
}

/// A binary heap, the smallest first.
private struct MinimumHeap {
    private var items: [UInt64] = []

    mutating func insert(_ item: UInt64) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeMinimum() -> UInt64? {
        guard let last = items.popLast() else { return nil }
        guard let minimum = items.first else { return last }
        items[0] = last
        var parent = 0
        while 2 * parent + 1 < items.count {
            var child = 2 * parent + 1
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            if items[parent] <= items[child] { break }
            items.swapAt(parent, child)
            parent = child
        }
        return minimum
    }
}
