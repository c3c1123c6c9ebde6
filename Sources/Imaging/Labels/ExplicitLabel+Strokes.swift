extension ExplicitLabel {
    struct Point: Sendable, Hashable {
        let x, y: Double
    }

    /// Half the width of a pen, in hundredths of the text's height.
    static let penRadius = 5.0

    /// The signs from the left, as a pen draws them: lines through points, in hundredths of the text's height, from the sign's top left.
    /// Drawn for this program, so that no font has to be carried. Each sign is as high as the text, the pen's width included.
    private static let glyphs: [(width: Double, strokes: [[(Double, Double)]])] = [
        // A
        (78, [[(5, 95), (39, 5), (73, 95)], [(17, 64), (61, 64)]]),
        // I
        (10, [[(5, 5), (5, 95)]]),
        // 生
        (
            100,
            [
                [(27, 7), (23, 20), (17, 32), (9, 44)], [(24, 27), (88, 27)], [(16, 60), (85, 60)], [(53, 5), (53, 95)], [(5, 95), (95, 95)],
            ]
        ),
        // 成
        (
            100,
            [
                [(15, 24), (94, 24)],
                [(15, 24), (15, 48), (14, 64), (11, 80), (5, 95)],
                [(15, 49), (44, 49), (43, 66), (41, 82), (36, 84), (27, 81)],
                [(56, 5), (57, 22), (60, 42), (66, 62), (75, 81), (84, 93), (90, 95), (93, 89), (95, 76)],
                [(86, 41), (79, 57), (69, 72), (57, 84), (44, 94)],
                [(71, 6), (84, 14)],
            ]
        ),
    ]
    private static let gap = 14.0

    /// Of all signs, in hundredths of the text's height.
    static let textWidth = glyphs.reduce(-gap) { $0 + $1.width + gap }

    /// All lines of the text, from its top left.
    static let lines: [(Point, Point)] = {
        var lines: [(Point, Point)] = []
        var left = 0.0
        for glyph in glyphs {
            for stroke in glyph.strokes {
                let points = stroke.map { Point(x: left + $0.0, y: $0.1) }
                lines += zip(points, points.dropFirst())
            }
            left += glyph.width + gap
        }
        return lines
    }()
}
