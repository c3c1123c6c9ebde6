import Crypto
package import Domain
import Wire

/// What vision has made of images before, by the image's bytes, the model and the numerics; the least recently used goes first.
package struct EncoderCache: Sendable {
    package struct Key: Sendable, Hashable {
        let picture: [UInt8]
        let model: String
        let numerics: Numerics
        /// Bound of its pixels after the resize, where the request gave one.
        let maxPixels: Int?

        package init(picture: [UInt8], model: String, numerics: Numerics, maxPixels: Int? = nil) {
            self.picture = Array(SHA256.hash(data: picture))
            self.model = model
            self.numerics = numerics
            self.maxPixels = maxPixels
        }
    }

    /// What is kept of an image.
    package enum Value: Sendable, Hashable {
        case codes(CodeGrid)
        case rows(PictureRows)

        var byteCount: Int {
            switch self {
            case .codes(let grid): grid.codes.count * MemoryLayout<Int32>.size
            case .rows(let rows): rows.bytes.count
            }
        }
    }

    private struct Entry: Sendable {
        let value: Value
        var used: Int
    }

    /// Bytes held at most.
    package let capacity: Int
    package private(set) var byteCount = 0
    package private(set) var hits = 0
    package private(set) var misses = 0
    private var entries: [Key: Entry] = [:]
    private var clock = 0

    /// - Parameter capacity: the default holds the rows of some hundred images of 512 × 512 pixels, or of the five largest.
    package init(capacity: Int = 256 << 20) { self.capacity = capacity }

    package mutating func value(_ key: Key) -> Value? {
        clock += 1
        guard entries[key] != nil else {
            misses += 1
            return nil
        }
        hits += 1
        entries[key]!.used = clock
        return entries[key]!.value
    }

    package mutating func keep(_ value: Value, for key: Key) {
        guard value.byteCount <= capacity else { return }
        clock += 1
        if let old = entries.updateValue(Entry(value: value, used: clock), forKey: key) { byteCount -= old.value.byteCount }
        byteCount += value.byteCount
        while byteCount > capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key {
            byteCount -= entries.removeValue(forKey: oldest)!.value.byteCount
        }
    }
}

/// The cache that all requests share.
actor EncodedPictures {
    private var cache = EncoderCache()

    func value(_ key: EncoderCache.Key) -> EncoderCache.Value? { cache.value(key) }
    func keep(_ value: EncoderCache.Value, for key: EncoderCache.Key) { cache.keep(value, for: key) }
    var counts: (hits: Int, misses: Int) { (cache.hits, cache.misses) }
}
