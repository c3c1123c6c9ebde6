extension String {
    /// Columns that a terminal shows the text in: two for wide characters, none for what joins the one before.
    package var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

    /// The longest beginning that is shown in so many columns.
    package func prefix(columns limit: Int) -> String {
        var rest = limit
        return String(
            prefix { character in
                rest -= character.unicodeScalars.reduce(0) { $0 + $1.columns }
                return rest >= 0
            })
    }

    /// With blanks behind it, up to so many columns.
    package func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - columns)) }
}

extension Unicode.Scalar {
    /// As `wcwidth` counts.
    fileprivate var columns: Int {
        if isASCII { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return Self.wide.contains { $0.contains(value) } || properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// East Asian wide and fullwidth characters: Hangul, kana, Han and their signs.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1B000...0x1B2FF, 0x20000...0x3FFFD,
    ]
}
