/// Turns the bytes of one token after another into text, each character as soon as it is whole.
///
/// All that it returns, put together, is `String(decoding:as:)` of all bytes: what is no UTF-8 becomes U+FFFD.
public struct TokenTextStream: Sendable, Hashable {
    /// The beginning of a character that may still become whole; at most three bytes.
    private var unfinished: [UInt8] = []

    public init() {}

    /// The characters that `bytes` complete.
    public mutating func append(_ bytes: [UInt8]) -> String {
        let all = unfinished + bytes
        let end = Self.unfinishedStart(all)
        unfinished = Array(all[end...])
        return String(decoding: all[..<end], as: UTF8.self)
    }

    /// A replacement for the character that never became whole. To be called once no bytes follow.
    public mutating func finish() -> String {
        defer { unfinished = [] }
        return String(decoding: unfinished, as: UTF8.self)
    }

    /// Where the last character begins if more bytes could complete it, else the end.
    private static func unfinishedStart(_ bytes: [UInt8]) -> Int {
        for start in bytes.indices.suffix(3).reversed() where bytes[start] & 0xC0 != 0x80 {
            let length = length(leading: bytes[start])
            let isOpen = bytes.count - start < length && (start + 1 == bytes.count || isSecond(bytes[start + 1], after: bytes[start]))
            return isOpen ? start : bytes.count
        }
        return bytes.count
    }

    /// Bytes of a character that begins with `byte`; 0 where none does.
    private static func length(leading byte: UInt8) -> Int {
        switch byte {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// Overlong forms, surrogates and what is beyond U+10FFFF show at the second byte (Unicode, table 3-7).
    private static func isSecond(_ byte: UInt8, after first: UInt8) -> Bool {
        switch first {
        case 0xE0: (0xA0...0xBF).contains(byte)
        case 0xED: (0x80...0x9F).contains(byte)
        case 0xF0: (0x90...0xBF).contains(byte)
        case 0xF4: (0x80...0x8F).contains(byte)
        default: (0x80...0xBF).contains(byte)
        }
    }
}
