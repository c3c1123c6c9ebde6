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
    static func bytes(of token: String) -> [UInt8]? { bytes(of: Array(token.utf8)) }

    /// The same for a token in UTF-8, of which the alphabet has one- and two-byte characters.
    static func bytes(of utf8: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        var position = 0
        while position < utf8.count {
            var value = Int(utf8[position])
            position += 1
            if value >= 0x80 {
                guard (0xC2...0xC5).contains(value), position < utf8.count else { return nil }
                value = (value & 0x1F) << 6 | Int(utf8[position] & 0x3F)
                position += 1
            }
            guard value < bytes.count, bytes[value] >= 0 else { return nil }
            result.append(UInt8(bytes[value]))
        }
        return result
    }
}
