import TestSupport

/// Makes inputs from valid ones: bits, bytes, numbers, pieces and lines changed, put in, taken out, repeated, and mixed.
struct Mutator {
    private var random: SeededRandom
    private let corpus: [[UInt8]]
    private let words: [[UInt8]]
    private let isJSON: Bool

    /// Bytes of an input at most.
    private static let longest = 256 << 10

    init(_ random: SeededRandom, corpus: [[UInt8]], words: [[UInt8]], isJSON: Bool) {
        self.random = random
        self.corpus = corpus
        self.words = words
        self.isJSON = isJSON
    }

    mutating func next() -> [UInt8] {
        var input = corpus.randomElement(using: &random) ?? []
        if isJSON, chance(2), let changed = JSONMutation.changed(input, using: &random) { input = changed }
        for _ in 0..<Int.random(in: isJSON ? 0...3 : 1...6, using: &random) { change(&input) }
        return Array(input.prefix(Self.longest))
    }

    private mutating func change(_ input: inout [UInt8]) {
        let at = Int.random(in: 0...input.count, using: &random)
        let range = at..<min(input.count, at + length())
        switch Int.random(in: 0..<10, using: &random) {
        case 0: if at < input.count { input[at] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        case 1: if at < input.count { input[at] = UInt8.random(in: 0...255, using: &random) }
        case 2: input.removeSubrange(range)
        case 3: input.removeSubrange(at...)
        case 4: repeatPiece(range, of: &input)
        case 5: input.insert(contentsOf: words.randomElement(using: &random) ?? [0], at: at)
        case 6: splice(at, &input)
        case 7: changeLine(&input)
        case 8: changeNumber(at, &input)
        default: changeBinaryNumber(at, &input)
        }
    }

    /// Short pieces are likelier.
    private mutating func length() -> Int { Int.random(in: 0...(1 << Int.random(in: 0...10, using: &random)), using: &random) }

    /// Once, or so often that what nests is deep.
    private mutating func repeatPiece(_ range: Range<Int>, of input: inout [UInt8]) {
        let piece = Array(input[range].prefix(64))
        let times = chance(4) ? Int.random(in: 1...4000, using: &random) : 1
        input.insert(contentsOf: (0..<times).flatMap { _ in piece }, at: range.lowerBound)
    }

    /// Ends as another input does.
    private mutating func splice(_ at: Int, _ input: inout [UInt8]) {
        guard let other = corpus.randomElement(using: &random) else { return }
        input.replaceSubrange(at..., with: other[Int.random(in: 0...other.count, using: &random)...])
    }

    /// A line is taken out, doubled, or put elsewhere.
    private mutating func changeLine(_ input: inout [UInt8]) {
        var lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.remove(at: Int.random(in: lines.indices, using: &random))
        for _ in 0..<Int.random(in: 0...2, using: &random) { lines.insert(line, at: Int.random(in: 0...lines.count, using: &random)) }
        input = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    /// The next decimal number.
    private mutating func changeNumber(_ at: Int, _ input: inout [UInt8]) {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        guard let start = input[at...].firstIndex(where: isDigit), let number = Extremes.texts.randomElement(using: &random) else { return }
        let end = input[start...].firstIndex { !isDigit($0) } ?? input.count
        input.replaceSubrange(start..<end, with: number.utf8)
    }

    /// One, two, four or eight bytes, in either order.
    private mutating func changeBinaryNumber(_ at: Int, _ input: inout [UInt8]) {
        let number = (Extremes.numbers.randomElement(using: &random) ?? 0) &+ Int64.random(in: -2...2, using: &random)
        let bytes = withUnsafeBytes(of: number.littleEndian) { $0.prefix(1 << Int.random(in: 0...3, using: &random)).map(\.self) }
        let end = min(input.count, at + bytes.count)
        input.replaceSubrange(at..<end, with: (chance(2) ? bytes : bytes.reversed()).prefix(end - at))
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }
}

/// Numbers at which arithmetic breaks.
enum Extremes {
    static let numbers: [Int64] = [
        0, 1, -1, 127, 255, 256, 65_535, 65_536, 1 << 24, 1 << 31, -(1 << 31), 1 << 32, 1 << 40, 1 << 53, 1 << 62, .max, .min,
    ]
    static let texts =
        numbers.map(String.init) + [
            "4294967295", "9223372036854775808", "18446744073709551616", "0.5", "-0", "1e38", "1e308", "1e400", "nan", "inf", "",
        ]
}
