import Crypto
import Domain

/// The keys of a server.
public struct KeyRing: Sendable, Hashable {
    /// In the order of their file.
    public private(set) var keys: [Key]

    public init() { keys = [] }

    /// - Throws: for values outside ``KeyLimits``, and for a name or a key that comes twice.
    public init(_ keys: [Key]) throws(KeyError) {
        self.init()
        for (index, key) in keys.enumerated() {
            do { try add(key) } catch { throw KeyError("keys[\(index)]: \(error)") }
        }
    }

    /// - Throws: as ``init(_:)``.
    public mutating func add(_ key: Key) throws(KeyError) {
        guard keys.count < KeyLimits.keys else { throw KeyError("there are \(keys.count) keys; at most \(KeyLimits.keys)") }
        try KeyLimits.check(key.grant)
        guard key.digest.count == SHA256Digest.byteCount else { throw KeyError("sha256 is not 64 hexadecimal digits") }
        guard !keys.contains(where: { $0.name == key.name }) else { throw KeyError("the name \(key.name) is taken") }
        guard !keys.contains(where: { $0.digest == key.digest }) else { throw KeyError("\(key.name) is the same key as another") }
        keys.append(key)
    }

    /// - Throws: when there is none of this name.
    public mutating func revoke(_ name: String) throws(KeyError) {
        guard let index = keys.firstIndex(where: { $0.name == name }) else {
            throw KeyError("there is no key \(name.prefix(bytes: 64).printable); there are: \(keys.map(\.name).joined(separator: ", "))")
        }
        keys.remove(at: index)
    }

    /// The key with this text, expired or not; nil: there is none.
    ///
    /// Takes the same time wherever the key stands and however much of it is right: digests are compared in constant time, all of them.
    public func key(_ text: String) -> Key? {
        let digest = SHA256.hash(data: Array(text.utf8))
        var found: Key?
        // swift-crypto's == of a digest and bytes is the comparison that takes no shorter for a difference that comes early.
        for key in keys where digest == key.digest { found = key }
        return found
    }
}
