/// The little of XML that labels need: a property's value is found by its name, whatever else the packet holds.
///
/// Packets come from anywhere. Nothing is expanded but characters, nothing is fetched, and a large packet is not read to its end.
enum XMPText {
    /// Bytes of a packet that are looked at.
    private static let limit = 1 << 20

    /// The value of a property, as an element `<x:NAME>value</x:NAME>`, an element with `rdf:resource`, or an attribute `x:NAME="value"`.
    /// - Parameter name: without the prefix, which is the writer's choice.
    static func property(_ name: String, in packet: ArraySlice<UInt8>) -> String? {
        let packet = packet.prefix(limit)
        let name = Array(":\(name)".utf8)
        var rest = packet
        while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            rest = packet[(colon + 1)...]
            guard packet[colon...].starts(with: name), let opening = packet[..<colon].lastIndex(where: { !isOfName($0) }), opening < colon - 1
            else { continue }
            let behind = packet[(colon + name.count)...]
            if packet[opening] == UInt8(ascii: "<") {
                if let first = behind.first, !isOfName(first) { return element(behind) }
            } else if isSpace(packet[opening]), let value = quoted(behind) {
                return value
            }
        }
        return nil
    }

    /// By scalars: a mark that follows `<` makes one character of both, and is no reason to leave it.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    /// - Parameter rest: what follows the element's name.
    private static func element(_ rest: ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        let tag = rest[..<end]
        let isEmpty = tag.last == UInt8(ascii: "/")
        let value = isEmpty ? "" : unescaped(rest[(end + 1)...].prefix { $0 != UInt8(ascii: "<") })
        return value.isEmpty ? property("resource", in: tag) : value
    }

    /// `="value"`, with either quotation mark.
    private static func quoted(_ rest: ArraySlice<UInt8>) -> String? {
        var rest = rest.drop(while: isSpace)
        guard rest.popFirst() == UInt8(ascii: "=") else { return nil }
        rest = rest.drop(while: isSpace)
        guard let mark = rest.popFirst(), mark == UInt8(ascii: "\"") || mark == UInt8(ascii: "'"), let end = rest.firstIndex(of: mark) else {
            return nil
        }
        return unescaped(rest[..<end])
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...:
            true
        default: false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
        let pieces = String(decoding: bytes, as: UTF8.self).unicodeScalars.split(separator: "&", omittingEmptySubsequences: false)
        return pieces.dropFirst().reduce(into: String(pieces.first ?? Substring.UnicodeScalarView())) { text, piece in
            guard let end = piece.firstIndex(of: ";"), let character = character(Substring(piece[..<end])) else {
                text += "&" + String(piece)
                return
            }
            text.unicodeScalars.append(character)
            text += String(piece[piece.index(after: end)...])
        }
    }

    /// - Parameter name: `amp`, `#38` or `#x26`.
    private static func character(_ name: Substring) -> Unicode.Scalar? {
        let named: [Substring: Unicode.Scalar] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
        if let scalar = named[name] { return scalar }
        guard name.first == "#" else { return nil }
        let number = name.dropFirst()
        return (number.first == "x" ? UInt32(number.dropFirst(), radix: 16) : UInt32(number)).flatMap(Unicode.Scalar.init)
    }
}
