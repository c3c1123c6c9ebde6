import TensorAscend
import Testing

@Suite struct AgingCacheTests {
    @Test("what a loop uses again and again is made once, whatever passes by in between, and there are never more values than may be")
    func loop() {
        var cache = AgingCache<Int, Int>(most: 100)
        var made = 0
        func use(_ key: Int) {
            guard cache.use(key) == nil else { return }
            made += 1
            for removed in cache.insert(key, for: key) { #expect(cache.use(removed) == nil) }
            #expect(cache.count <= 100)
        }
        for round in 0..<200 {
            for key in 0..<40 { use(key) }
            for passing in 0..<30 { use(1000 + 30 * round + passing) }
        }
        #expect(made == 40 + 200 * 30)
    }

    @Test("of values that are used again those go first that were not used for longest, half of all at once")
    func oldest() {
        var cache = AgingCache<Int, String>(most: 10)
        for key in 0..<10 { #expect(cache.insert("\(key)", for: key).isEmpty) }
        for key in (0..<10).reversed() { #expect(cache.use(key) == "\(key)") }
        #expect(cache.insert("new", for: 10) == ["9", "8", "7", "6", "5"])
        #expect(cache.count == 6 && cache.use(4) == "4" && cache.use(10) == "new")
        #expect(cache.removeAll().count == 6 && cache.count == 0)
    }

    @Test("with fewer to be kept the next value makes room")
    func smaller() {
        var cache = AgingCache<Int, Int>(most: 10)
        for key in 0..<10 { _ = cache.insert(key, for: key) }
        cache.most = 4
        #expect(cache.insert(10, for: 10) == [0, 1, 2, 3, 4, 5, 6, 7])
    }
}
