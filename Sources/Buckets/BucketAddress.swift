import Domain

/// `s3://BUCKET/PREFIX`: where objects are put, or one of them.
public struct BucketAddress: Sendable, Hashable, CustomStringConvertible {
    public let bucket: String
    /// Without a slash at either end; empty: the bucket itself.
    public let key: String

    /// - Throws: what an address is, and what is wrong with this one.
    public init(parsing text: String) throws(BucketError) {
        let scheme = "s3://"
        guard text.hasPrefix(scheme) else { throw BucketError("\"\(text.prefix(80))\" is no address as in s3://BUCKET/PREFIX", isFinal: true) }
        let parts = text.dropFirst(scheme.count).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        bucket = String(parts[0])
        guard (3...63).contains(bucket.utf8.count), bucket.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789.-".utf8.contains($0) }) else {
            throw BucketError("the bucket \"\(bucket.prefix(80))\" is not 3 to 63 small letters, digits, dots and hyphens", isFinal: true)
        }
        var key = parts.count > 1 ? parts[1] : ""
        while key.hasSuffix("/") { key.removeLast() }
        self.key = String(key)
        let segments = key.split(separator: "/", omittingEmptySubsequences: false)
        guard key.utf8.count <= 512, key.isEmpty || segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
            key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw BucketError(
                "the prefix \"\(key.prefix(80))\" is not at most 512 visible ASCII characters, with names between its slashes", isFinal: true)
        }
    }

    private init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// An object below this one.
    /// - Parameter name: any text: what is not a letter, a digit, `-` or `_` is written as `~` and two hexadecimal digits.
    public func object(_ name: String) -> BucketAddress {
        let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
        let safe = name.utf8.map { plain.contains($0) ? String(UnicodeScalar($0)) : "~" + [$0].hexadecimal }.joined()
        return BucketAddress(bucket: bucket, key: key.isEmpty ? safe : "\(key)/\(safe)")
    }

    /// As servers read it, the bucket in the path.
    var path: String { "/\(bucket)/\(key.percentEncoded(keeping: "/"))" }

    public var description: String { "s3://\(bucket)/\(key)" }
}

/// Why an object could not be kept or had.
public struct BucketError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
    /// The object is not there.
    public var isMissing = false
    /// Another try can't succeed.
    var isFinal: Bool

    init(_ description: String, isMissing: Bool = false, isFinal: Bool = false) {
        self.description = description
        self.isMissing = isMissing
        self.isFinal = isFinal
    }
}
