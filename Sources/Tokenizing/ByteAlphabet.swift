/// The byte-level alphabet of GPT-2: a visible character for each byte, so that a vocabulary can be written as JSON text.
///
/// Printable bytes stand for themselves; the others, in order, for the characters from U+0100.
enum ByteAlphabet {
    /// Character to byte, by scalar value; −1 where no byte is meant.
    private static let bytes: [Int16] = {
        let visible = Array(33...126) + Array(161...172) + Array(174...255)
        let hidden = (0...255).filter { !visible.contains($0) }
        var table = [Int16](repeating: -1, count: 256 + hidden.count)
        for byte in visible { table[byte] = Int16(byte) }
        for (offset, byte) in hidden.enumerated() { table[256 + offset] = Int16(byte) }
        return table
    }()

    /// The bytes that `token` stands for, or nil if it holds a character outside the alphabet.
    static func bytes(of token: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            guard scalar.value < bytes.count, bytes[Int(scalar.value)] >= 0 else { return nil }
            result.append(UInt8(bytes[Int(scalar.value)]))
        }
        return result
    }
}
