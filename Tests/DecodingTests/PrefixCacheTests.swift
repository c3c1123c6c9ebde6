import Decoding
import ModelConfiguration
import Tensor
import Testing

/// What is kept of prompts, without memory.
@Suite struct PrefixCacheTests {
    /// Prompts are cut at 256, at 300, where an image ends, and at 556.
    private func segments(_ prompt: Int = 600, seed: UInt64 = 1) -> [PrefixSegment] {
        TestRequests.make(prompt: prompt, limit: 1, images: [(100, 200, .f32)], seed: seed).segments
    }

    @Test("a prompt is cut after each chunk and behind each image, whatever follows")
    func cuts() {
        #expect(segments().map(\.tokens) == [0..<256, 256..<300, 300..<556])
        #expect(segments(556).map(\.tokens) == segments().map(\.tokens) && segments(556) == segments())
        #expect(segments(555) == Array(segments()[..<2]))
        let request = TestRequests.make(prompt: 600, limit: 1, images: [(100, 200, .f32), (300, 10, .f32)], seed: 1)
        var chunks: [Range<Int>] = []
        while chunks.last?.upperBound != 600 { chunks.append(request.chunk(from: chunks.last?.upperBound ?? 0)) }
        #expect(chunks == [0..<256, 256..<300, 300..<310, 310..<566, 566..<600])
        #expect(request.segments.map(\.tokens) == Array(chunks.dropLast()))
    }

    @Test("segments are the same only for equal ids, positions and digests")
    func equality() {
        let request = TestRequests.make(prompt: 300, limit: 1, images: [(5, 10, .f32), (40, 100, .f32)], seed: 1)
        func first(ids: [Int32]? = nil, positions: SequencePositions? = nil, rows: [InsertedRows]? = nil) -> PrefixSegment {
            DecodingRequest(
                prompt: ids ?? request.prompt, positions: positions ?? request.positions, sampler: request.sampler, stop: .count(1),
                rows: rows ?? request.rows
            ).segments[0]
        }
        #expect(first() == request.segments[0] && first().tokens == 0..<15)
        var ids = request.prompt
        ids[200] += 1
        #expect(first(ids: ids) == first())
        ids[3] += 1
        #expect(first(ids: ids) != first())
        #expect(first(positions: SequencePositions(next: 0)) != first())
        #expect(first(rows: [InsertedRows(at: 5, rows: request.rows[0].rows, digest: [0])]) != first())
        #expect(first(rows: [request.rows[0]]) == first())
    }

    @Test("the longest kept prefix is found, with the pages that hold all its rows")
    func path() {
        var cache = PrefixCache()
        let segments = segments()
        #expect(cache.path(segments).isEmpty)
        let first = cache.insert(segments[0], behind: PrefixCache.root, pages: [3, 1, 4, 2])!.node
        // 256 to 300 of another sequence, which had a page of its own for them.
        let second = cache.insert(segments[1], behind: first, pages: [9])!.node
        let third = cache.insert(segments[2], behind: second, pages: [7, 8, 5, 6, 10])!.node
        #expect(cache.insert(segments[1], behind: first, pages: [11])! == (second, false))
        #expect(cache.path(segments) == [first, second, third])
        #expect(cache.prefix([first, second]) == (300, [3, 1, 4, 2, 9]))
        // The longest one's first page has the rows from 256 on too.
        #expect(cache.prefix([first, second, third]) == (556, [3, 1, 4, 2, 7, 8, 5, 6, 10]))
        #expect(cache.path(self.segments(seed: 2)).isEmpty)
        #expect(cache.path(segments.dropLast()) == [first, second])
    }

    @Test("what was used least recently is given up first, longer prefixes before what they stand on, if possible what makes a page free")
    func givesUp() {
        var cache = PrefixCache()
        let (one, two) = (segments(seed: 1), segments(seed: 2))
        let first = cache.insert(one[0], behind: PrefixCache.root, pages: [0, 1, 2, 3])!.node
        _ = cache.insert(one[1], behind: first, pages: [4])
        let other = cache.insert(two[0], behind: PrefixCache.root, pages: [5, 6, 7, 8])!.node
        #expect(cache.pages.count == 9)
        _ = cache.path(one)
        #expect(cache.removeLeast { $0 < 5 } == [4])
        #expect(cache.removeLeast { _ in true } == [5, 6, 7, 8])
        #expect(cache.insert(two[1], behind: other, pages: [9]) == nil)
        #expect(cache.removeLeast { _ in false } == [0, 1, 2, 3])
        #expect(cache.removeLeast { _ in true } == nil && cache.pages.isEmpty)
    }
}
