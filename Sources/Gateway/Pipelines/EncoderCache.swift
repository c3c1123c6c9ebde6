import Crypto
package import Domain

/// Codes of pictures that vision has read before, by the picture's bytes, the model and the numerics; the least recently used go first.
package struct EncoderCache: Sendable {
    package struct Key: Sendable, Hashable {
        let picture: [UInt8]
        let model: String
        let numerics: Numerics

        package init(picture: [UInt8], model: String, numerics: Numerics) {
            self.picture = Array(SHA256.hash(data: picture))
            self.model = model
            self.numerics = numerics
        }
    }

    private struct Entry: Sendable {
        let grid: CodeGrid
        var used: Int
    }

    /// Codes held at most; four bytes each.
    package let capacity: Int
    package private(set) var count = 0
    package private(set) var hits = 0
    package private(set) var misses = 0
    private var entries: [Key: Entry] = [:]
    private var clock = 0

    package init(capacity: Int = 4 << 20) { self.capacity = capacity }

    package mutating func codes(_ key: Key) -> CodeGrid? {
        clock += 1
        guard entries[key] != nil else {
            misses += 1
            return nil
        }
        hits += 1
        entries[key]!.used = clock
        return entries[key]!.grid
    }

    package mutating func keep(_ grid: CodeGrid, for key: Key) {
        guard grid.codes.count <= capacity else { return }
        clock += 1
        if let old = entries.updateValue(Entry(grid: grid, used: clock), forKey: key) { count -= old.grid.codes.count }
        count += grid.codes.count
        while count > capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key {
            count -= entries.removeValue(forKey: oldest)!.grid.codes.count
        }
    }
}
