extension String {
    /// The text as it may be shown on a terminal or stand in a line of a log, whoever wrote it: what moves the cursor, ends the line or
    /// turns the direction of writing is escaped, `\n` or `\u{1B}`. All else stays.
    public var printable: String { escaped { $0.actsOnTerminal } }

    /// Lines, each of them ``printable``.
    public var printableLines: String { escaped { $0.actsOnTerminal && $0 != "\n" } }

    private func escaped(where acts: (Unicode.Scalar) -> Bool) -> String {
        guard unicodeScalars.contains(where: acts) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case _ where !acts(scalar): result.unicodeScalars.append(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return result
    }

    /// The longest beginning within so many bytes of UTF-8 that splits no character. A character that alone is longer is split between its
    /// scalars.
    public func prefix(bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var rest = limit
        let characters = prefix { character in
            rest -= character.utf8.count
            return rest >= 0
        }
        guard characters.isEmpty else { return String(characters) }
        rest = limit
        return String(
            unicodeScalars.prefix { scalar in
                rest -= UTF8.width(scalar)
                return rest >= 0
            })
    }
}

extension Unicode.Scalar {
    /// Control characters (C0, DEL, C1), line and paragraph separator, and what embeds, overrides or isolates a direction of writing.
    var actsOnTerminal: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
