import Domain
import Gateway
import Testing
import Wire

@Suite struct EncoderCacheTests {
    private func key(_ picture: UInt8, model: String = "aa", precision: String = "f32") -> EncoderCache.Key {
        EncoderCache.Key(picture: [picture], model: model, numerics: Numerics(precision: precision))
    }
    private func grid(_ code: Int32, codes: Int = 1) -> CodeGrid {
        CodeGrid(GridSize(height: 1, width: codes), codes: Array(repeating: code, count: codes))
    }

    @Test("a picture that was read before is found, by its bytes, and the model and numerics that read it")
    func hit() {
        var cache = EncoderCache()
        #expect(cache.codes(key(1)) == nil)
        cache.keep(grid(7), for: key(1))
        #expect(cache.codes(key(1)) == grid(7))
        #expect(cache.codes(key(2)) == nil)
        #expect(cache.codes(key(1, model: "bb")) == nil)
        #expect(cache.codes(key(1, precision: "bf16")) == nil)
        #expect(cache.hits == 1 && cache.misses == 4)
    }

    @Test("over the bound, the least recently used goes")
    func leastRecentlyUsed() {
        var cache = EncoderCache(capacity: 3)
        for picture in 1...3 { cache.keep(grid(Int32(picture)), for: key(UInt8(picture))) }
        _ = cache.codes(key(1))
        cache.keep(grid(4), for: key(4))
        #expect(cache.codes(key(2)) == nil)
        #expect([1, 3, 4].map { cache.codes(key($0))?.codes } == [[1], [3], [4]])
    }

    @Test("never more codes than the bound: a large grid drives out several, one too large none")
    func bound() {
        var cache = EncoderCache(capacity: 4)
        for picture in 1...4 { cache.keep(grid(1), for: key(UInt8(picture))) }
        cache.keep(grid(2, codes: 3), for: key(5))
        #expect(cache.count == 4 && cache.codes(key(4)) != nil && cache.codes(key(5)) != nil && cache.codes(key(3)) == nil)
        cache.keep(grid(3, codes: 5), for: key(6))
        #expect(cache.count == 4 && cache.codes(key(6)) == nil && cache.codes(key(5)) != nil)
    }

    @Test("a picture that is kept again counts once")
    func twice() {
        var cache = EncoderCache(capacity: 4)
        cache.keep(grid(1, codes: 2), for: key(1))
        cache.keep(grid(2, codes: 3), for: key(1))
        #expect(cache.count == 3 && cache.codes(key(1)) == grid(2, codes: 3))
    }
}
