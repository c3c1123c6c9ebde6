import Terminal
import Testing

@Suite struct AnswerTextTests {
    private func outputs(dims: Bool, _ deltas: [(String, String)]) -> [AnswerText.Output] {
        var answer = AnswerText(dimsThoughts: dims)
        return deltas.flatMap { answer.show(reasoning: $0.0, text: $0.1) } + answer.end()
    }

    @Test("an answer ends its line once, whether or not it brings an end of its own")
    func ends() {
        #expect(outputs(dims: true, [("", "two"), ("", " shapes")]) == [.answer("two"), .answer(" shapes"), .answer("\n")])
        #expect(outputs(dims: true, [("", "two\n")]) == [.answer("two\n")])
        #expect(outputs(dims: true, []).isEmpty)
    }

    @Test("thoughts are dimmed on a terminal, and the answer begins on a line of its own")
    func thoughts() {
        #expect(
            outputs(dims: true, [("a cross", ""), (" and", ""), ("", "one")])
                == [.thought("\u{1B}[2ma cross"), .thought(" and"), .thought("\u{1B}[22m\n"), .answer("one"), .answer("\n")])
        #expect(outputs(dims: false, [("a cross\n", "one")]) == [.thought("a cross\n"), .answer("one"), .answer("\n")])
    }

    @Test("thoughts that are cut off leave the terminal as it was")
    func cut() { #expect(outputs(dims: true, [("a cross", "")]) == [.thought("\u{1B}[2ma cross"), .thought("\u{1B}[22m\n")]) }

    @Test("what a model writes does nothing to a terminal")
    func harmless() { #expect(outputs(dims: false, [("", "\u{1B}[2J\na")]) == [.answer("\\u{1B}[2J\na"), .answer("\n")]) }
}
