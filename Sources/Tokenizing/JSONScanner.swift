/// Reads JSON where it lies, value by value, for the two lists of tokenizer.json that are too long to become objects first.
struct JSONScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// An object; `member` must read the value of each key.
    mutating func object(_ member: (inout JSONScanner, [UInt8]) throws(TokenizingError) -> Void) throws(TokenizingError) {
        try expect(UInt8(ascii: "{"))
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try member(&self, key)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// An array; `element` must read each value.
    mutating func array(_ element: (inout JSONScanner) throws(TokenizingError) -> Void) throws(TokenizingError) {
        try expect(UInt8(ascii: "["))
        if accept(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// An integer from 0 to 2³¹ − 1.
    mutating func integer() throws(TokenizingError) -> Int32 {
        skipSpace()
        let start = position
        var value: Int64 = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            value = value * 10 + Int64(bytes[position] - 0x30)
            guard value <= Int64(Int32.max) else { throw failure("a number over \(Int32.max)") }
            position += 1
        }
        guard position > start else { throw failure("a number expected") }
        return Int32(value)
    }

    /// A string's UTF-8 bytes, escapes resolved.
    mutating func string() throws(TokenizingError) -> [UInt8] {
        try expect(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") { position += 1 }
        var text = Array(bytes[start..<position])
        while true {
            let byte = try next()
            if byte == UInt8(ascii: "\"") { return text }
            if byte == UInt8(ascii: "\\") { try escape(into: &text) } else { text.append(byte) }
        }
    }

    /// Whether the next value begins with `byte`.
    mutating func isNext(_ byte: UInt8) -> Bool {
        skipSpace()
        return position < bytes.count && bytes[position] == byte
    }

    /// The text of the next value, whatever it is.
    mutating func value() throws(TokenizingError) -> Slice<UnsafeBufferPointer<UInt8>> {
        skipSpace()
        let start = position
        var depth = 0
        repeat {
            skipSpace()
            switch try next() {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                position -= 1
                _ = try string()
            case UInt8(ascii: ","), UInt8(ascii: ":"): break
            default: while position < bytes.count, ![0x2C, 0x5D, 0x7D, 0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
            }
        } while depth > 0
        return bytes[start..<position]
    }

    private mutating func escape(into text: inout [UInt8]) throws(TokenizingError) {
        switch try next() {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if (0xD800..<0xDC00).contains(value), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                value = 0x10000 + (value - 0xD800) << 10 + (try hexadecimal() & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(value) else { throw failure("half a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
        case let byte: text.append(byte)
        }
    }

    private mutating func hexadecimal() throws(TokenizingError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try next())).hexDigitValue else { throw failure("a broken \\u escape") }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func next() throws(TokenizingError) -> UInt8 {
        guard position < bytes.count else { throw failure("the text ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A || bytes[position] == 0x0D || bytes[position] == 0x09 {
            position += 1
        }
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard isNext(byte) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(TokenizingError) {
        guard accept(byte) else { throw failure("\(Character(Unicode.Scalar(byte))) expected") }
    }

    func failure(_ message: String) -> TokenizingError { TokenizingError(.malformed, "\(message) at byte \(position)") }
}
