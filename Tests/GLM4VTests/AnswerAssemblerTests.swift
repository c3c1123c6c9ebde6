import Domain
import GLM4V
import TestSupport
import Testing
import Tokenizing

@Suite struct AnswerAssemblerTests {
    private static let end = "<|user|>"

    /// An assembler for a tokenizer whose tokens are single bytes and marks.
    private static func assembler(
        _ tokenizer: Tokenizer, limit: Int = 10_000, stop: [String] = [], raw: Bool = false
    ) throws -> AnswerAssembler {
        let ends = Set(
            try ["<|endoftext|>", "<|user|>", "<|observation|>"].map { try #require(tokenizer.id(of: $0)) }
                + [tokenizer.id(of: "</answer>")].compactMap { $0 })
        return AnswerAssembler(tokenizer, AnswerMarks(tokenizer, .verbatim), ends: ends, limit: limit, stop: stop, raw: raw)
    }

    /// What an assembler says of `text`, whose marks are tokens, and what it is then.
    private static func read(
        _ text: String, _ model: TokenizerFiles.Model = .glm46V, limit: Int = 10_000, stop: [String] = [], raw: Bool = false, flagged: Bool = false
    ) throws -> (reasoning: String, text: String, assembler: AnswerAssembler) {
        let tokenizer = try TokenizerFiles.tokenizer(model, flagged: flagged)
        var assembler = try assembler(tokenizer, limit: limit, stop: stop, raw: raw)
        var pieces: [AnswerAssembler.Piece] = []
        for id in tokenizer.encode(text) {
            if assembler.finish != nil { break }
            pieces.append(assembler.append(id))
        }
        return (pieces.map(\.reasoning).joined(), pieces.map(\.text).joined(), assembler)
    }

    @Test("thoughts and answer are told apart, without marks and without the line breaks around them", arguments: [false, true])
    func parts(flagged: Bool) throws {
        let old = try Self.read("<think>\nred, round\n</think>\n<answer>\nA  ball.\n</answer>", .glm41V, flagged: flagged)
        #expect(old.reasoning == "red, round" && old.text == "A  ball." && old.assembler.finish == .stop)
        #expect(old.assembler.reasoningCount == "\nred, round\n".utf8.count)
        let new = try Self.read("<think>red</think>\nA ball. <|end_of_image|>\n" + Self.end, flagged: flagged)
        #expect(new.reasoning == "red" && new.text == "A ball." && new.assembler.finish == .stop)
        #expect(new.assembler.count == new.assembler.reasoningCount + "\nA ball. \n".utf8.count + 4)
        let bare = try Self.read(" 7 \n" + Self.end, flagged: flagged)
        #expect(bare.reasoning == "" && bare.text == "7" && bare.assembler.reasoningCount == 0)
    }

    @Test("a NUL is told as a replacement character, in thoughts and in text, raw or not")
    func nul() throws {
        let answer = try Self.read("<think>a\0b</think>c\0d" + Self.end)
        #expect(answer.reasoning == "a\u{FFFD}b" && answer.text == "c\u{FFFD}d" && answer.assembler.finish == .stop)
        #expect(try Self.read("c\0\0" + Self.end, raw: true).text == "c\u{FFFD}\u{FFFD}")
    }

    @Test("a thought that is never closed leaves no text")
    func unclosed() throws {
        let cut = try Self.read("<think>it is </answer", limit: 12)
        #expect(cut.reasoning == "it is </ans" && cut.text == "" && cut.assembler.finish == .length && cut.assembler.reasoningCount == 11)
        let ended = try Self.read("<think>hm" + Self.end)
        #expect(ended.reasoning == "hm" && ended.text == "" && ended.assembler.finish == .stop && ended.assembler.reasoningCount == 2)
    }

    @Test("boxes are read from the answer, not from the thoughts; their text stays")
    func boxes() throws {
        let text =
            "<think><|begin_of_box|>[1,1,2,2]<|end_of_box|></think>\nAt <|begin_of_box|>[[1,2,3,4], [5,6,7,8]]<|end_of_box|> and <|begin_of_box|>7<|end_of_box|>."
        let answer = try Self.read(text + Self.end)
        #expect(answer.assembler.boxes.map(\.coordinates) == [[1, 2, 3, 4], [5, 6, 7, 8]])
        #expect(answer.reasoning == "[1,1,2,2]" && answer.text == "At [[1,2,3,4], [5,6,7,8]] and 7.")
        let open = try Self.read("<|begin_of_box|>[1,2,3,4]" + Self.end)
        #expect(open.assembler.boxes.isEmpty && open.text == "[1,2,3,4]")
    }

    @Test("a raw answer is all text as the model wrote it, but for the token that ends it")
    func raw() throws {
        let text = "<think>\na stop\n</think>\n<|begin_of_box|>[1,2,3,4]<|end_of_box|> \n"
        let answer = try Self.read(text + Self.end, stop: ["stop"], raw: true)
        #expect(answer.text == text && answer.reasoning == "" && answer.assembler.boxes.count == 1)
        let old = "<think>a</think>\n<answer>b</answer>"
        #expect(try Self.read(old, .glm41V, raw: true).text == old)
        // The order stays although a beginning of the stop string was held back.
        #expect(try Self.read("st<think>op</think>op" + Self.end, stop: ["stop"], raw: true).text == "st<think>op</think>op")
    }

    @Test("the answer ends before the first stop string, whatever holds it")
    func stops() throws {
        func answer(_ text: String, _ stop: String...) throws -> (String, FinishReason?) {
            let answer = try Self.read(text + Self.end, stop: stop)
            return (answer.text, answer.assembler.finish)
        }
        #expect(try answer("one. two. three", ". t") == ("one", .stop))
        #expect(try answer("<think>a END</think>\n\nb END c", "END", "\n\n") == ("b", .stop))
        // The one that ends first.
        #expect(try answer("abcd", "bcd", "c") == ("ab", .stop))
        #expect(try answer("abcd", "d", "cd") == ("ab", .stop))
        // Across marks that are left out, and in characters of several bytes.
        #expect(try answer("4<|begin_of_box|>2<|end_of_box|>!", "42") == ("", .stop))
        #expect(try answer("早安,早上", "早上") == ("早安,", .stop))
        // What only begins as one is told in the end.
        #expect(try answer("aaab aab", "aabb") == ("aaab aab", .stop))
        #expect(try Self.read("a##", limit: 3, stop: ["###"]).text == "a##")
    }

    @Test("a stop string is never told in part, and nothing is held back longer than it could become one")
    func heldBack() throws {
        let tokenizer = try TokenizerFiles.tokenizer(.glm46V)
        var assembler = try Self.assembler(tokenizer, stop: ["###"])
        let texts = tokenizer.encode("a # ##b##").map { assembler.append($0).text }
        #expect(texts == ["a", "", "", " #", "", "", " ##b", "", ""])
        #expect(assembler.append(try #require(tokenizer.id(of: Self.end))).text == "##")
    }

    @Test("a character that is cut by a mark or by the end is replaced, not lost")
    func brokenCharacters() throws {
        let tokenizer = try TokenizerFiles.tokenizer(.glm46V)
        var assembler = try Self.assembler(tokenizer, limit: 5)
        let ids: [Int32] = try [#require(tokenizer.id(of: "<think>")), 0xE6, #require(tokenizer.id(of: "</think>")), 0x61, 0xE6]
        let pieces = ids.map { assembler.append($0) }
        #expect(pieces.map(\.reasoning).joined() == "\u{FFFD}" && pieces.map(\.text).joined() == "a\u{FFFD}")
        #expect(assembler.finish == .length)
    }

    /// Ids of any kind, those that decide something more often.
    private static func randomIDs(_ tokenizer: Tokenizer, _ random: inout SeededRandom) -> [Int32] {
        let texts = [
            "a", "b", " ", "\n", "早", "\u{FFFD}", "é", "<think>", "</think>", "<|begin_of_box|>", "<|end_of_box|>", "<answer>", "[1,2,3,4]", "[[",
        ]
        var ids: [Int32] = []
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            if Int.random(in: 0..<8, using: &random) == 0 {
                ids.append(Int32.random(in: 0..<tokenizer.idLimit, using: &random))
            } else {
                ids += tokenizer.encode(texts.randomElement(using: &random) ?? "")
            }
        }
        return ids
    }

    @Test("an answer that goes on elsewhere behind the ids that were told tells the rest as it was, wherever it is cut")
    func replay() throws {
        var random = SeededRandom("answers that are cut")
        for round in 0..<200 {
            let tokenizer = Self.tokenizers[round % 2]
            let stop = [[], ["ab"], ["a\nb", "b", "早a"], ["\n\n", "aaa"]][round % 4]
            let fresh = try Self.assembler(tokenizer, limit: round % 3 == 0 ? 12 : 1000, stop: stop, raw: round % 5 == 0)
            var whole = fresh
            var ids: [Int32] = []
            var pieces: [AnswerAssembler.Piece] = []
            for id in Self.randomIDs(tokenizer, &random) where whole.finish == nil {
                ids.append(id)
                pieces.append(whole.append(id))
            }
            for cut in 0...ids.count {
                var other = fresh
                let told = ids[..<cut].map { other.append($0) }
                let rest = ids[cut...].map { other.append($0) }
                #expect(told + rest == pieces)
                #expect(other.finish == whole.finish && other.boxes == whole.boxes && other.reasoningCount == whole.reasoningCount)
            }
        }
    }

    private static let tokenizers: [Tokenizer] = { (try? TokenizerFiles.Model.allCases.map { try TokenizerFiles.tokenizer($0) }) ?? [] }()

    @Test("piece by piece the same is told as of all tokens at once")
    func whole() throws {
        var random = SeededRandom("answers as a whole")
        for round in 0..<2000 {
            let tokenizer = Self.tokenizers[round % 2]
            let stop = [[], ["ab"], ["a\nb", "b", "早a"], ["\n\n", "aaa"]][round % 4]
            var assembler = try Self.assembler(tokenizer, stop: stop)
            var (ids, reasoning, text): ([Int32], String, String) = ([], "", "")
            for id in Self.randomIDs(tokenizer, &random) + [try #require(tokenizer.id(of: Self.end))] where assembler.finish == nil {
                let piece = assembler.append(id)
                ids.append(id)
                reasoning += piece.reasoning
                text += piece.text
            }
            let expected = Self.atOnce(ids, tokenizer, stop)
            func told(_ text: String) -> [UInt8] { Array(text.replacing("\0", with: "\u{FFFD}").utf8) }
            #expect(Array(text.utf8) == told(expected.text) && Array(reasoning.utf8) == told(expected.reasoning), "\(ids)")
        }
    }

    /// Reasoning and text of ids, the last of which ends the answer.
    private static func atOnce(_ ids: [Int32], _ tokenizer: Tokenizer, _ stop: [String]) -> (reasoning: String, text: String) {
        let marks = AnswerMarks(tokenizer, .verbatim)
        var (parts, thinks): ([(thinks: Bool, bytes: [UInt8])], Bool) = ([(false, [])], false)
        for id in ids {
            if marks.all.contains(id) {
                if id == marks.thinkOpen || id == marks.thinkClose { thinks = id == marks.thinkOpen }
                parts.append((thinks, []))
            } else if !tokenizer.specialIDs.contains(id) {
                parts[parts.count - 1].bytes += tokenizer.bytes(of: id) ?? []
            }
        }
        func text(_ thinks: Bool) -> [Unicode.Scalar] {
            Array(parts.filter { $0.thinks == thinks }.map { String(decoding: $0.bytes, as: UTF8.self) }.joined().unicodeScalars)
        }
        func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
            var scalars = Array(scalars.drop { $0.properties.isWhitespace })
            while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
            return String(String.UnicodeScalarView(scalars))
        }
        let answer = Array(text(false).drop { $0.properties.isWhitespace })
        var shown = answer[...]
        search: for end in answer.indices {
            for stop in stop.map({ Array($0.unicodeScalars) }).sorted(by: { $0.count > $1.count })
            where answer[...end].suffix(stop.count).elementsEqual(stop) {
                shown = answer[..<(end + 1 - stop.count)]
                break search
            }
        }
        return (string(text(true)), string(shown))
    }
}
