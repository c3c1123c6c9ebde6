import Terminal
import Testing

@Suite struct LiveLineTests {
    private static let line = LiveLine(stage: "diffusion", done: 40, total: 80, unit: "steps", elapsed: 8)

    @Test("on a wide terminal a bar of 24; on a narrow one a shorter bar, then none, then the beginning of the line")
    func widths() {
        let bar = String(repeating: "█", count: 12) + String(repeating: "·", count: 12)
        #expect(Self.line.text(columns: 200, isUTF8: true) == "diffusion \(bar) 40/80, 5.0 steps/s, 8.0 s")
        #expect(Self.line.text(columns: 40, isUTF8: true) == "diffusion ██·· 40/80, 5.0 steps/s, 8.0 s")
        #expect(Self.line.text(columns: 39, isUTF8: true) == "diffusion 40/80, 5.0 steps/s, 8.0 s")
        #expect(Self.line.text(columns: 12, isUTF8: true) == "diffusion 40")
        #expect(Self.line.text(columns: 0, isUTF8: true).isEmpty)
    }

    @Test("no width is exceeded, whatever the stage is called and whatever it counts", arguments: 0...90)
    func fits(columns: Int) {
        for (stage, done, total) in [("text", 0, 0), ("猫猫猫猫猫猫", 3, 7), ("e\u{301}\u{1B}[2J", 7, 3), ("👨‍👩‍👧‍👦", .max, .max), ("", -1, 5)] {
            for isUTF8 in [true, false] {
                let text = LiveLine(stage: stage, done: done, total: total, unit: "steps", elapsed: 1e300).text(columns: columns, isUTF8: isUTF8)
                #expect(text.columns <= columns && !text.contains("\u{1B}"))
            }
        }
    }

    @Test("a locale without UTF-8 gets a bar of ASCII")
    func ascii() { #expect(Self.line.text(columns: 44, isUTF8: false) == "diffusion ####.... 40/80, 5.0 steps/s, 8.0 s") }
}
