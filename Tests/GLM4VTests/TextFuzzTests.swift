import Domain
import GLM4V
import TestSupport
import Testing
import Tokenizing

/// What comes from a checkpoint's files and from a model may be anything.
@Suite struct TextFuzzTests {
    @Test("a template that is cut, changed or mixed with another is recognised or refused, never a trap")
    func templates() {
        var random = SeededRandom("changed templates")
        let sources = [Templates.verbatim, Templates.thinkingSwitch].map { Array($0.utf8) }
        for round in 0..<2000 {
            var bytes = sources[round % 2]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(start + Int.random(in: 0...40, using: &random), bytes.count)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.removeSubrange(start..<end)
                case 1: bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0...bytes.count, using: &random))
                default: bytes.insert(contentsOf: Array("{%-}'\"\n#".utf8).shuffled(using: &random).prefix(3), at: start)
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            _ = try? ConversationTemplate(template: String(decoding: bytes, as: UTF8.self), path: "t")
        }
    }

    @Test("whatever stands between box marks, boxes have four coordinates within the picture")
    func boxes() {
        var random = SeededRandom("boxes")
        let pieces = ["[", "]", ",", " ", "1", "1000", "1001", "-", "٣", "[1,2,3,4]", "[[", "]]", "é"]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            #expect(BoxText.boxes(text).allSatisfy { $0.coordinates.count == 4 && $0.coordinates.allSatisfy((0...1000).contains) }, "\(text)")
        }
    }
}
