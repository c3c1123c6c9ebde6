import Decoding
import Domain
import GLM4V
import Testing

@Suite struct ThinkingBudgetTests {
    private static func marks(_ model: TokenizerFiles.Model) throws -> AnswerMarks {
        AnswerMarks(try TokenizerFiles.tokenizer(model), model == .glm41V ? .verbatim : .thinkingSwitch)
    }

    /// What follows `<think>` when the model itself would say `own`.
    private static func generate(_ model: TokenizerFiles.Model, budget: Int, own: [Int32]) throws -> [Int32] {
        let marks = try Self.marks(model)
        let forced = try ForcedTokens(thinkingBudget: budget, marks)
        var ids: [Int32] = []
        for id in [try #require(marks.thinkOpen)] + own { ids.append(forced.next(ids) ?? id) }
        return Array(ids.dropFirst())
    }

    @Test("a thought ends once its budget is used up; GLM-4.1V is told to answer, too")
    func cut() throws {
        let new = try Self.marks(.glm46V), old = try Self.marks(.glm41V)
        #expect(try Self.generate(.glm46V, budget: 3, own: [1, 2, 3, 4, 5]) == [1, 2, 3, #require(new.thinkClose), 5])
        #expect(try Self.generate(.glm41V, budget: 1, own: [1, 2, 3, 4, 5]) == [1, #require(old.thinkClose), #require(old.answerOpen), 4, 5])
    }

    @Test("a model of GLM-4.6V-Flash's template is not made to open an answer, even where its tokenizer has the mark")
    func foreignMark() throws {
        let marks = AnswerMarks(try TokenizerFiles.tokenizer(.glm41V), .thinkingSwitch)
        #expect(marks.answerOpen == nil && marks.answerClose == nil)
        let forced = try ForcedTokens(thinkingBudget: 1, marks)
        #expect(try forced.next([#require(marks.thinkOpen), 1, #require(marks.thinkClose)]) == nil)
    }

    @Test("a thought that ends by itself is left alone, and so is an answer without thoughts")
    func unneeded() throws {
        let marks = try Self.marks(.glm41V)
        let close = try #require(marks.thinkClose)
        #expect(try Self.generate(.glm41V, budget: 3, own: [1, close, 2, 3, 4, 5]) == [1, close, 2, 3, 4, 5])
        let forced = try ForcedTokens(thinkingBudget: 2, marks)
        for count in 0..<6 { #expect(forced.next(Array(repeating: 7, count: count)) == nil) }
    }
}
