/// The header `tracestate`: at most 32 pairs `key=value`, commas between.
enum TraceState {
    private static let members = 32
    /// As many as W3C wants passed on at least.
    private static let bytes = 512

    /// The pairs, without the blanks between them; empty where one of them is malformed or comes twice, or where there are too many.
    static func accepted(_ text: String) -> String {
        // What would be dropped is not taken apart first.
        guard text.utf8.count <= 2 * bytes else { return "" }
        var keys: Set<[UInt8]> = []
        var accepted: [String] = []
        for member in text.split(separator: ",") {
            let pair = member.utf8.drop { $0.isBlank }.reversed().drop { $0.isBlank }.reversed()
            if pair.isEmpty { continue }
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return "" }
            let key = Array(pair[..<equals]), value = pair[pair.index(after: equals)...]
            guard isKey(key), isValue(value), keys.insert(key).inserted else { return "" }
            accepted.append(String(decoding: Array(pair), as: UTF8.self))
        }
        let joined = accepted.joined(separator: ",")
        return accepted.count <= members && joined.utf8.count <= bytes ? joined : ""
    }

    private static func isKey(_ key: [UInt8]) -> Bool {
        func isFirst(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) }
        guard let first = key.first, isFirst(first), key.count <= 256 else { return false }
        return key.allSatisfy { isFirst($0) || "_-*/@".utf8.contains($0) }
    }

    private static func isValue(_ value: some Collection<UInt8>) -> Bool {
        (1...256).contains(value.count) && value.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }
    }
}
