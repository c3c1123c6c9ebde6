extension KeyedDecodingContainer {
    /// What is under `key`; absent or null, the default of the reference's class.
    func value<T: Decodable>(_ key: Key, default fallback: T) throws -> T {
        try decodeIfPresent(T.self, forKey: key) ?? fallback
    }

    /// Whether there is a value under `key` other than null.
    func isSet(_ key: Key) -> Bool { ((try? decodeNil(forKey: key)) ?? true) == false }

    /// Ids of tokens, which a file writes as one number or as a list; nil where there are none.
    func tokenIDs(_ key: Key) throws -> [Int]? {
        guard isSet(key) else { return nil }
        return try (try? [decode(Int.self, forKey: key)]) ?? decode([Int].self, forKey: key)
    }

    /// A size of the model from 1 to `most`; absent or null, the default of the reference's class. Without a default it must be there.
    ///
    /// Memory is counted in products of sizes, which must not overflow.
    func size(_ key: Key, _ most: Int, default fallback: Int? = nil) throws -> Int {
        let size = try fallback.map { try value(key, default: $0) } ?? decode(Int.self, forKey: key)
        try check((1...most).contains(size), key, "\(size) is outside 1 through \(most)")
        return size
    }

    /// Fails unless the string under `key` is `expected`: another value is another model.
    func require(_ expected: String, forKey key: Key) throws {
        let found = try decode(String.self, forKey: key)
        try check(found == expected, key, "\(found) is not supported; this build computes \(expected)")
    }

    /// Fails, naming the key, unless `condition`.
    func check(_ condition: Bool, _ key: Key, _ message: @autoclosure () -> String) throws {
        guard condition else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: message())
        }
    }
}

/// The largest sizes that a configuration may have: some times those of any model, and such that no product of them overflows.
enum LargestSize {
    static let layers = 1024
    static let heads = 1024
    static let headSize = 1024
    static let channels = 1 << 16
    /// Of an autoencoder, each of which halves the sides.
    static let blocks = 8
    static let vocabulary = 1 << 24
    /// Pixels of a patch's side.
    static let patch = 1024
    /// Frames of a patch.
    static let frames = 16
    /// Patches of a cell's side.
    static let merge = 16
    /// Pixels of a picture's side.
    static let side = 1 << 16
    /// Pixels of a picture, or tokens of a sequence.
    static let area = 1 << 32
}
