import Domain
import Testing

@Suite struct PrintableTests {
    @Test(
        "text of strangers can't move the cursor, end a line or turn the direction of writing; letters, accents and emojis stay",
        arguments: [
            ("a \u{1B}[2J\u{7} b", #"a \u{1B}[2J\u{7} b"#), ("a\r\nb\tc\r", #"a\r\nb\tc\r"#), ("\u{0}\u{7F}\u{9B}31m", #"\u{0}\u{7F}\u{9B}31m"#),
            ("\u{202E}txt.exe\u{2066}", #"\u{202E}txt.exe\u{2066}"#), ("a\u{2028}b\u{2029}", #"a\u{2028}b\u{2029}"#),
            ("C:\\n Zoë 猫 👨‍👩‍👧‍👦 שלום", "C:\\n Zoë 猫 👨‍👩‍👧‍👦 שלום"),
        ])
    func escapes(text: String, shown: String) { #expect(text.printable == shown) }

    @Test("of several lines each is made harmless, also where a line ends in CR and LF")
    func lines() { #expect("a\n\u{1B}b\r\nc\n".printableLines == "a\n\\u{1B}b\\r\nc\n") }

    @Test("a text is cut within its bytes and between characters; a character longer than the limit, between its scalars")
    func cut() {
        let family = "👨‍👩‍👧‍👦"
        #expect(String(repeating: family, count: 50).prefix(bytes: 60) == family + family)
        #expect("äöü".prefix(bytes: 5) == "äö" && "äöü".prefix(bytes: 6) == "äöü" && "".prefix(bytes: 0).isEmpty)
        #expect(family.prefix(bytes: 8) == "👨\u{200D}")
    }
}
