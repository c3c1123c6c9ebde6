import GLMImage
import Testing

@Suite struct SequenceSpanTests {
    @Test("every row of text and image belongs to one rank, in order, and only the last ranks have fewer rows than the first")
    func division() {
        for ranks in [1, 2, 3, 4, 8] {
            for text in [0, 1, 2, 7, 40] {
                for image in [1, 4, 24, 256] {
                    let spans = (0..<ranks).map { SequenceSpan(text: text, image: image, rank: $0, of: ranks) }
                    #expect(spans.flatMap(\.rows) == Array(0..<text + image))
                    #expect(spans.flatMap(\.textRows) == Array(0..<text))
                    #expect(spans.flatMap(\.imageRows) == Array(0..<image))
                    for (rank, span) in spans.enumerated() {
                        #expect(span.rows.count == span.textRows.count + span.imageRows.count)
                        // Where the rank's block begins in what is exchanged, so that no missing row stands between others.
                        #expect(span.rows.isEmpty || span.rows.lowerBound == rank * span.rowsPerRank)
                        #expect(span.rows.count <= span.rowsPerRank)
                    }
                }
            }
        }
    }
}
