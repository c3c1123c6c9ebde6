import Domain
import Gateway
import Testing
import Wire

@Suite struct EncoderCacheTests {
    private func key(_ picture: UInt8, model: String = "aa", precision: String = "f32") -> EncoderCache.Key {
        EncoderCache.Key(picture: [picture], model: model, numerics: Numerics(precision: precision))
    }
    /// Four bytes for each code.
    private func grid(_ code: Int32, codes: Int = 1) -> EncoderCache.Value {
        .codes(CodeGrid(GridSize(height: 1, width: codes), codes: Array(repeating: code, count: codes)))
    }

    @Test("a picture that was read before is found, by its bytes, and the model and numerics that read it")
    func hit() {
        var cache = EncoderCache()
        #expect(cache.value(key(1)) == nil)
        cache.keep(grid(7), for: key(1))
        #expect(cache.value(key(1)) == grid(7))
        #expect(cache.value(key(2)) == nil)
        #expect(cache.value(key(1, model: "bb")) == nil)
        #expect(cache.value(key(1, precision: "bf16")) == nil)
        #expect(cache.hits == 1 && cache.misses == 4)
    }

    @Test("over the bound, the least recently used goes")
    func leastRecentlyUsed() {
        var cache = EncoderCache(capacity: 12)
        for picture in 1...3 { cache.keep(grid(Int32(picture)), for: key(UInt8(picture))) }
        _ = cache.value(key(1))
        cache.keep(grid(4), for: key(4))
        #expect(cache.value(key(2)) == nil)
        #expect([1, 3, 4].map { cache.value(key($0)) } == [grid(1), grid(3), grid(4)])
    }

    @Test("never more bytes than the bound: a large grid drives out several, one too large none")
    func bound() {
        var cache = EncoderCache(capacity: 16)
        for picture in 1...4 { cache.keep(grid(1), for: key(UInt8(picture))) }
        cache.keep(grid(2, codes: 3), for: key(5))
        #expect(cache.byteCount == 16 && cache.value(key(4)) != nil && cache.value(key(5)) != nil && cache.value(key(3)) == nil)
        cache.keep(grid(3, codes: 5), for: key(6))
        #expect(cache.byteCount == 16 && cache.value(key(6)) == nil && cache.value(key(5)) != nil)
    }

    @Test("a picture that is kept again counts once")
    func twice() {
        var cache = EncoderCache(capacity: 16)
        cache.keep(grid(1, codes: 2), for: key(1))
        cache.keep(grid(2, codes: 3), for: key(1))
        #expect(cache.byteCount == 12 && cache.value(key(1)) == grid(2, codes: 3))
    }

    @Test("rows of an image count by their bytes, and are others with another bound of pixels")
    func rows() throws {
        var cache = EncoderCache(capacity: 20)
        let rows = EncoderCache.Value.rows(try PictureRows(grid: GridSize(height: 1, width: 2), columns: 4, element: .bf16, bytes: Array(0..<16)))
        cache.keep(grid(1), for: key(1))
        cache.keep(rows, for: key(2))
        #expect(cache.byteCount == 20 && cache.value(key(1)) == grid(1) && cache.value(key(2)) == rows)
        #expect(cache.value(EncoderCache.Key(picture: [2], model: "aa", numerics: Numerics(precision: "f32"), maxPixels: 1000)) == nil)
        cache.keep(grid(2), for: key(3))
        #expect(cache.byteCount == 20 - 4 + 4 && cache.value(key(1)) == nil && cache.value(key(2)) == rows)
    }
}
