/// Leaves out the white space in front of a text that comes in pieces.
struct LeadingSpace: Sendable, Hashable {
    private var hasBegun = false

    mutating func drop(_ text: String) -> String {
        guard !hasBegun else { return text }
        let rest = text.unicodeScalars.drop { $0.properties.isWhitespace }
        hasBegun = !rest.isEmpty
        return String(rest)
    }
}

/// Holds back white space until more text follows, so that none stands at the end.
struct TrailingSpace: Sendable, Hashable {
    private var held = ""

    mutating func hold(_ text: String) -> String {
        guard let last = text.unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace }) else {
            held += text
            return ""
        }
        let end = text.unicodeScalars.index(after: last)
        defer { held = String(text.unicodeScalars[end...]) }
        return held + String(text.unicodeScalars[..<end])
    }
}
