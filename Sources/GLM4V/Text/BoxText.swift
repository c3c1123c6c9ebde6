package import Domain

/// The rectangles that a model writes between its box marks: `[[x1,y1,x2,y2], …]`, or one `[x1,y1,x2,y2]`.
package enum BoxText {
    private static let coordinates = 0...1000

    /// The boxes of `text`; none where it is anything else, as a short answer that the model puts between the marks.
    package static func boxes(_ text: String) -> [AnswerBox] {
        var rest = text.unicodeScalars.filter { !$0.properties.isWhitespace }[...]
        guard rest.first == "[" else { return [] }
        let isList = rest.dropFirst().first == "["
        if isList { rest.removeFirst() }
        var boxes: [AnswerBox] = []
        repeat {
            guard let box = box(&rest) else { return [] }
            boxes.append(box)
        } while isList && take(",", &rest)
        if isList, !take("]", &rest) { return [] }
        return rest.isEmpty ? boxes : []
    }

    private static func box(_ rest: inout Substring.UnicodeScalarView) -> AnswerBox? {
        guard take("[", &rest) else { return nil }
        var values: [Int] = []
        repeat {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            guard let value = Int(String(digits)), coordinates.contains(value) else { return nil }
            values.append(value)
            rest = rest[digits.endIndex...]
        } while take(",", &rest)
        return take("]", &rest) && values.count == 4 ? AnswerBox(coordinates: values) : nil
    }

    private static func take(_ scalar: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }
}
