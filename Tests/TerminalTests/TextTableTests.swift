import Terminal
import Testing

@Suite struct TextTableTests {
    @Test("columns stand under one another in columns of the terminal: wide characters count twice, marks not at all")
    func columns() {
        #expect("a猫e\u{301}".columns == 4 && "x\u{200D}".columns == 1 && "한ガ！".columns == 6)
        #expect(TextTable.lines([["job", "prompt"], ["猫猫", "x"], ["ae\u{301}", ""]]) == ["job   prompt", "猫猫  x", "ae\u{301}"])
    }

    @Test("a cell stays one cell, whoever wrote it")
    func harmless() {
        #expect(TextTable.lines([["a\nb\u{1B}[2J", "c\r"]]) == [#"a\nb\u{1B}[2J  c\r"#])
        #expect(TextTable.line(["\t", "x"], [4, 0]) == #"\t    x"#)
    }

    @Test("a text is cut between characters, within its columns")
    func cut() {
        #expect("猫猫猫".prefix(columns: 5) == "猫猫" && "abc".prefix(columns: 3) == "abc" && "e\u{301}x".prefix(columns: 1) == "e\u{301}")
    }
}
