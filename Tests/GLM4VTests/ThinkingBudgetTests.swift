import Decoding
import Domain
import GLM4V
import Testing

@Suite struct ThinkingBudgetTests {
    /// What follows `<think>` when the model itself would say `own`.
    private static func generate(_ model: TokenizerFiles.Model, budget: Int, own: [Int32]) throws -> [Int32] {
        let marks = AnswerMarks(try TokenizerFiles.tokenizer(model))
        let forced = try ForcedTokens(thinkingBudget: budget, marks)
        var ids: [Int32] = []
        for id in [try #require(marks.thinkOpen)] + own { ids.append(forced.next(ids) ?? id) }
        return Array(ids.dropFirst())
    }

    @Test("a thought ends once its budget is used up; GLM-4.1V is told to answer, too")
    func cut() throws {
        let new = AnswerMarks(try TokenizerFiles.tokenizer(.glm46V)), old = AnswerMarks(try TokenizerFiles.tokenizer(.glm41V))
        #expect(try Self.generate(.glm46V, budget: 3, own: [1, 2, 3, 4, 5]) == [1, 2, 3, #require(new.thinkClose), 5])
        #expect(try Self.generate(.glm41V, budget: 1, own: [1, 2, 3, 4, 5]) == [1, #require(old.thinkClose), #require(old.answerOpen), 4, 5])
    }

    @Test("a thought that ends by itself is left alone, and so is an answer without thoughts")
    func unneeded() throws {
        let marks = AnswerMarks(try TokenizerFiles.tokenizer(.glm41V))
        let close = try #require(marks.thinkClose)
        #expect(try Self.generate(.glm41V, budget: 3, own: [1, close, 2, 3, 4, 5]) == [1, close, 2, 3, 4, 5])
        let forced = try ForcedTokens(thinkingBudget: 2, marks)
        for count in 0..<6 { #expect(forced.next(Array(repeating: 7, count: count)) == nil) }
    }
}
