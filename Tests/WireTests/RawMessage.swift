import Wire

/// An encoded message taken apart by field numbers: for descriptors, which have no types here.
struct RawMessage {
    private var contents: [UInt32: [[UInt8]]] = [:]
    private var values: [UInt32: [UInt64]] = [:]

    init(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var reader = FieldReader(bytes)
            while let field = try reader.next() {
                if let value = field.value {
                    values[field.number, default: []].append(value)
                } else {
                    contents[field.number, default: []].append([UInt8](field.content))
                }
            }
        }
    }

    func messages(_ number: UInt32) throws -> [RawMessage] { try (contents[number] ?? []).map(RawMessage.init) }
    func texts(_ number: UInt32) -> [String] { (contents[number] ?? []).map { String(decoding: $0, as: UTF8.self) } }
    func text(_ number: UInt32) -> String { texts(number).last ?? "" }
    func numbers(_ number: UInt32) -> [UInt64] { values[number] ?? [] }
    func number(_ number: UInt32) -> UInt64? { numbers(number).last }
}
