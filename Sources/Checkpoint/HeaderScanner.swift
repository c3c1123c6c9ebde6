/// Reads the JSON of a safetensors header, strictly: only what the format allows, no key twice.
///
/// The grammar is flat (an object of objects of strings and integer lists), so nothing here recurses.
struct HeaderScanner {
    struct Failure: Error {
        let message: String
        /// In bytes from the start of the header.
        let position: Int
    }

    struct Tensor {
        var name: String
        var type: String
        var shape: [Int]
        var begin: Int
        var end: Int
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The whole header: an object, then nothing but spaces.
    mutating func header() throws(Failure) -> (metadata: [String: String], tensors: [Tensor]) {
        guard bytes.first == UInt8(ascii: "{") else { throw failure("the header doesn't begin with {") }
        var metadata: [String: String] = [:]
        var tensors: [Tensor] = []
        var names: Set<String> = []
        try object { scanner, name throws(Failure) in
            guard names.insert(name).inserted else { throw scanner.failure("\(name) is listed twice") }
            if name == "__metadata__" {
                metadata = try scanner.metadata()
            } else {
                tensors.append(try scanner.tensor(name))
            }
        }
        skipSpace()
        guard position == bytes.count else { throw failure("more text after the header's end") }
        return (metadata, tensors)
    }

    /// As the safetensors library reads it: null is no metadata.
    private mutating func metadata() throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        if accept("n") {
            for byte in "ull".utf8 where try next() != byte { throw failure("metadata that is neither an object nor null") }
            return values
        }
        try object { scanner, key throws(Failure) in
            guard values.updateValue(try scanner.string(), forKey: key) == nil else { throw scanner.failure("metadata key \(key) is given twice") }
        }
        return values
    }

    private mutating func tensor(_ name: String) throws(Failure) -> Tensor {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try object { scanner, key throws(Failure) in
            switch key {
            case "dtype" where type == nil: type = try scanner.string()
            case "shape" where shape == nil: shape = try scanner.integers()
            case "data_offsets" where offsets == nil: offsets = try scanner.integers()
            default: throw scanner.failure("\(name) has the key \(key), twice or unknown")
            }
        }
        guard let type, let shape, let offsets else { throw failure("\(name) lacks dtype, shape or data_offsets") }
        guard offsets.count == 2 else { throw failure("\(name) has \(offsets.count) data_offsets instead of 2") }
        return Tensor(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    /// An object; `member` reads the value of each key.
    private mutating func object(_ member: (inout HeaderScanner, String) throws(Failure) -> Void) throws(Failure) {
        try expect("{")
        if accept("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while accept(",")
        try expect("}")
    }

    private mutating func integers() throws(Failure) -> [Int] {
        var values: [Int] = []
        try expect("[")
        if accept("]") { return values }
        repeat { values.append(try integer()) } while accept(",")
        try expect("]")
        return values
    }

    private mutating func integer() throws(Failure) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, case let digit = Int(bytes[position]) - 0x30, (0...9).contains(digit) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(digit)
            guard !overflow, !carry else { throw failure("a number over \(Int.max)") }
            value = sum
            position += 1
        }
        guard position > start, position - start == 1 || bytes[start] != UInt8(ascii: "0") else { throw failure("a number that isn't a plain count") }
        return value
    }

    private mutating func string() throws(Failure) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw failure("a string that isn't UTF-8") }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw failure("a control character in a string")
            default: text.append(byte)
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        switch try next() {
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if (0xD800..<0xDC00).contains(value) {
                guard try next() == UInt8(ascii: "\\"), try next() == UInt8(ascii: "u") else { throw failure("half a surrogate pair") }
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw failure("half a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try next())).hexDigitValue else { throw failure("a broken \\u escape") }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func next() throws(Failure) -> UInt8 {
        guard position < bytes.count else { throw failure("the header ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        guard accept(character) else { throw failure("\(character) expected") }
    }

    private func failure(_ message: String) -> Failure { Failure(message: message, position: position) }
}
