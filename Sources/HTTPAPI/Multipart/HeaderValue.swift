import Domain

/// A header's value: a word in lower case, and parameters by their names in lower case.
struct HeaderValue {
    let text: String
    let parameters: [String: [UInt8]]

    /// - Returns: nil: a parameter is malformed, or there twice.
    init?(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        func skipBlanks() { rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
        skipBlanks()
        let word = rest.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        rest = rest.dropFirst(word.count)
        var parameters: [String: [UInt8]] = [:]
        while true {
            skipBlanks()
            guard let separator = rest.popFirst() else { break }
            guard separator == UInt8(ascii: ";") else { return nil }
            skipBlanks()
            // A semicolon at the end.
            guard !rest.isEmpty else { break }
            let name = rest.prefix(while: \.isTokenByte)
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "="), let value = Self.value(&rest) else { return nil }
            guard parameters.updateValue(value, forKey: String(decoding: name, as: UTF8.self).lowercased()) == nil else { return nil }
        }
        text = String(decoding: word, as: UTF8.self).lowercased()
        self.parameters = parameters
    }

    /// A token or a quoted text at the beginning of the rest. In quotes, a backslash escapes a quote and itself alone, since browsers do not
    /// escape it, and `%22` is a quote, as they write it.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.first == UInt8(ascii: "\"") else {
            let token = rest.prefix(while: \.isTokenByte)
            rest = rest.dropFirst(token.count)
            return token.isEmpty ? nil : Array(token)
        }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return value
            case UInt8(ascii: "\\") where rest.first == byte || rest.first == UInt8(ascii: "\""): value.append(rest.removeFirst())
            case UInt8(ascii: "%") where rest.starts(with: "22".utf8):
                value.append(UInt8(ascii: "\""))
                rest = rest.dropFirst(2)
            default: value.append(byte)
            }
        }
        return nil
    }
}
