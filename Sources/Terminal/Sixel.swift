import Imaging

/// An image as DEC's sixels: bands of six lines, one pass over a band for each of its colours.
enum Sixel {
    /// Of each of red, green and blue: 216 colours, where terminals have 256.
    private static let levels = 6

    static func text(_ image: RGBImage) -> String {
        let colours = (0..<image.width * image.height).map { pixel in
            (0..<3).reduce(0) { $0 * levels + level(image.pixels[pixel * 3 + $1]) }
        }
        var text = "\u{1B}P0;1q\"1;1;\(image.width);\(image.height)"
        for colour in Set(colours).sorted() {
            let percents = [colour / (levels * levels), colour / levels % levels, colour % levels].map { $0 * 100 / (levels - 1) }
            text += "#\(colour);2;\(percents[0]);\(percents[1]);\(percents[2])"
        }
        for top in stride(from: 0, to: image.height, by: 6) {
            text += band(colours[top * image.width..<min(top + 6, image.height) * image.width], width: image.width) + "-"
        }
        return text + "\u{1B}\\"
    }

    private static func level(_ value: UInt8) -> Int { (Int(value) * (levels - 1) + 127) / 255 }

    /// Bit n of a column's sixel is line n of the band.
    private static func band(_ colours: ArraySlice<Int>, width: Int) -> String {
        var sixels: [Int: [UInt8]] = [:]
        for (index, colour) in colours.enumerated() {
            sixels[colour, default: [UInt8](repeating: 0, count: width)][index % width] |= 1 << UInt8(index / width)
        }
        return sixels.sorted { $0.key < $1.key }.map { "#\($0)\(runs($1))" }.joined(separator: "$")
    }

    private static func runs(_ sixels: [UInt8]) -> String {
        var text = "", index = 0
        while index < sixels.count {
            let end = sixels[index...].firstIndex { $0 != sixels[index] } ?? sixels.count
            text += "!\(end - index)\(Character(Unicode.Scalar(63 + sixels[index])))"
            index = end
        }
        return text
    }
}
