/// The header by which callers send their key: `authorization: Bearer KEY`.
public enum BearerToken {
    /// Of gRPC's metadata and of HTTP.
    public static let header = "authorization"
    /// Bytes of the largest key.
    public static let limit = 512

    /// The key's text; nil where the values are not one key.
    /// - Parameter values: of all headers of this name.
    public static func read(_ values: [String]) -> String? {
        guard let value = values.first, values.count == 1, value.utf8.count <= limit + 16 else { return nil }
        let words = value.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer", isText(words[1]) else { return nil }
        return String(words[1])
    }

    /// The header's value.
    /// - Throws: for a text that is no key.
    public static func value(_ text: String) throws(WireError) -> String {
        guard isText(text) else { throw WireError(.invalidText, "a key has 1 to \(limit) visible characters of ASCII") }
        return "Bearer \(text)"
    }

    private static func isText(_ text: some StringProtocol) -> Bool {
        (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}
