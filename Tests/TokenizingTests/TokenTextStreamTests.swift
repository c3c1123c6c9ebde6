import TestSupport
import Testing
import Tokenizing

@Suite struct TokenTextStreamTests {
    @Test("a character is told when its last byte has come, not before")
    func whole() {
        var stream = TokenTextStream()
        let steps = Array("a早😀".utf8).map { stream.append([$0]) }
        #expect(steps == ["a", "", "", "早", "", "", "", "😀"])
        #expect(stream.finish() == "")
    }

    @Test("a character that never becomes whole is replaced, at the end or by what follows")
    func replaced() {
        var stream = TokenTextStream()
        #expect(stream.append([0xE6, 0x97]) == "")
        #expect(stream.append(Array("a".utf8)) == "\u{FFFD}a")
        #expect(stream.append([0xF0, 0x9F, 0x98]) == "")
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.finish() == "")
    }

    @Test("whatever the bytes and the cuts, the pieces make the text that the whole makes")
    func anyCuts() {
        var random = SeededRandom("bytes that are hardly text")
        // Bytes at which UTF-8 decides something, more often than all others.
        let telling: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE6, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in telling.randomElement(using: &random) ?? 0 }
            var stream = TokenTextStream()
            var text = ""
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &random)
                text += stream.append(Array(rest.prefix(count)))
                rest.removeFirst(count)
            }
            text += stream.finish()
            #expect(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }
}
