package import Domain
package import Tokenizing

/// Makes reasoning, text and boxes of the ids that a question model generates, one after another.
///
/// All that it tells depends on the ids alone: whoever gives the same ids to another assembler brings it to the same state, so that an
/// answer goes on elsewhere where it was. What belongs where is decided by token ids:
/// - Between `<think>` and `</think>` is reasoning; all else is text. Reasoning that is never closed leaves no text.
/// - Marks of thoughts, answers and boxes are left out, and so are special tokens and the token that ends the answer.
/// - White space at the beginning and at the end of the reasoning and of the text is left out: GLM-4.1V writes
///   `<think>…</think>⏎<answer>…</answer>`, GLM-4.6V-Flash `<think>…</think>⏎…`, either of them with line breaks inside the marks.
/// - A NUL, which strings of the contract can't hold, is told as U+FFFD.
/// - A stop string is looked for in the text as it is told, and never in the reasoning. It and what follows it are left out.
///
/// A raw answer is all text: marks and white space stay, thoughts included, and only these are not searched for stop strings.
package struct AnswerAssembler: Sendable {
    /// What a token adds.
    package struct Piece: Sendable, Hashable {
        package var reasoning = ""
        package var text = ""

        package init(reasoning: String = "", text: String = "") {
            self.reasoning = reasoning
            self.text = text
        }
    }

    private let tokenizer: Tokenizer
    private let marks: AnswerMarks
    private let ends: Set<Int32>
    private let limit: Int
    private let isRaw: Bool

    private var isThinking = false
    private var characters = TokenTextStream()
    private var reasoningStart = LeadingSpace(), textStart = LeadingSpace()
    private var reasoningEnd = TrailingSpace(), textEnd = TrailingSpace()
    private var stops: StopStrings
    /// The text since the mark that opened a box.
    private var box: String?

    /// Tokens so far, and those of the reasoning among them, its marks not counted.
    package private(set) var count = 0, reasoningCount = 0
    /// Of the text.
    package private(set) var boxes: [AnswerBox] = []
    /// Why the answer is complete; nil while it is not.
    package private(set) var finish: FinishReason?

    /// - Parameters:
    ///   - ends: ids that end the answer.
    ///   - limit: tokens at most; at least one.
    package init(_ tokenizer: Tokenizer, _ marks: AnswerMarks, ends: Set<Int32>, limit: Int, stop: [String], raw: Bool) {
        self.tokenizer = tokenizer
        self.marks = marks
        self.ends = ends
        self.limit = limit
        stops = StopStrings(stop)
        isRaw = raw
    }

    /// Adds the next token, and what was held back if it is the last. Not to be called once ``finish`` is set.
    package mutating func append(_ id: Int32) -> Piece {
        precondition(finish == nil, "a token behind the answer's end")
        var piece = Piece()
        let wasThinking = isThinking
        count += 1
        if marks.all.contains(id) {
            mark(id, &piece)
        } else if !ends.contains(id), !tokenizer.specialIDs.contains(id), let bytes = tokenizer.bytes(of: id) {
            write(characters.append(bytes), &piece)
        }
        if wasThinking, isThinking, !ends.contains(id) { reasoningCount += 1 }
        if finish == nil, ends.contains(id) || count == limit { end(ends.contains(id) ? .stop : .length, &piece) }
        return piece
    }

    private mutating func mark(_ id: Int32, _ piece: inout Piece) {
        // A character does not go on behind a mark.
        write(characters.finish(), &piece)
        guard finish == nil else { return }
        let spelled = isRaw ? tokenizer.decode([id]) : ""
        if id == marks.thinkOpen || id == marks.thinkClose {
            if isRaw { piece.text += stops.release() + spelled }
            isThinking = id == marks.thinkOpen
            return
        }
        if !isThinking, id == marks.boxClose, let content = box {
            boxes += BoxText.boxes(content)
            box = nil
        }
        write(spelled, &piece)
        if !isThinking, id == marks.boxOpen { box = "" }
    }

    private mutating func write(_ told: String, _ piece: inout Piece) {
        let characters = told.replacing("\0", with: "\u{FFFD}")
        if isThinking {
            if isRaw { piece.text += characters } else { piece.reasoning += reasoningEnd.hold(reasoningStart.drop(characters)) }
            return
        }
        box? += characters
        tell(stops.append(isRaw ? characters : textStart.drop(characters)), &piece)
        if stops.isMet { finish = .stop }
    }

    private mutating func tell(_ text: String, _ piece: inout Piece) { piece.text += isRaw ? text : textEnd.hold(text) }

    private mutating func end(_ reason: FinishReason, _ piece: inout Piece) {
        write(characters.finish(), &piece)
        guard finish == nil else { return }
        finish = reason
        tell(stops.release(), &piece)
    }
}
