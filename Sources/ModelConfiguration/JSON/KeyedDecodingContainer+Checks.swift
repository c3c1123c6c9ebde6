extension KeyedDecodingContainer {
    /// What is under `key`; absent or null, the default of the reference's class.
    func value<T: Decodable>(_ key: Key, default fallback: T) throws -> T {
        try decodeIfPresent(T.self, forKey: key) ?? fallback
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
