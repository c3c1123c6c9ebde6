import CWire

/// How fields of C messages become Swift values. Null pointers stand for empty values; errors name the field by its path.
enum Decode {
    static func text(_ pointer: UnsafeMutablePointer<CChar>?, _ field: String) throws(WireError) -> String {
        guard let pointer else { return "" }
        guard let string = String(validatingCString: pointer) else { throw WireError(.invalidText, "\(field) is not UTF-8") }
        return string
    }

    static func texts(_ count: Int, _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ field: String) throws(WireError) -> [String] {
        var strings: [String] = []
        for pointer in UnsafeBufferPointer(start: list, count: count) { strings.append(try text(pointer, field)) }
        return strings
    }

    static func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
        [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
    }

    static func bytes(_ count: Int, _ list: UnsafeMutablePointer<ProtobufCBinaryData>?) -> [[UInt8]] {
        UnsafeBufferPointer(start: list, count: count).map { bytes($0) }
    }

    static func numbers(_ count: Int, _ list: UnsafeMutablePointer<Int32>?) -> [Int32] {
        [Int32](UnsafeBufferPointer(start: list, count: count))
    }

    static func counts(_ count: Int, _ list: UnsafeMutablePointer<UInt32>?) -> [Int] {
        UnsafeBufferPointer(start: list, count: count).map { Int($0) }
    }

    /// A 64-bit count as `Int`.
    static func count(_ value: UInt64, _ field: String) throws(WireError) -> Int {
        guard let count = Int(exactly: value) else { throw WireError(.outOfRange, "\(field) is \(value); at most \(Int.max)") }
        return count
    }

    // MARK: Messages

    /// Nil for a message that is not set.
    static func ifSet<M: CodedMessage>(_ pointer: UnsafeMutablePointer<M.C>?, _ field: String) throws(WireError) -> M? {
        guard let pointer else { return nil }
        return try message(pointer, field)
    }

    /// Refuses a message that is not set.
    static func required<M: CodedMessage>(_ pointer: UnsafeMutablePointer<M.C>?, _ field: String) throws(WireError) -> M {
        guard let pointer else { throw WireError(.malformed, "\(field) is missing") }
        return try message(pointer, field)
    }

    /// A message that is not set reads as one without any field.
    static func orEmpty<M: CodedMessage>(_ pointer: UnsafeMutablePointer<M.C>?, _ field: String) throws(WireError) -> M {
        if let pointer { return try message(pointer, field) }
        let empty = UnsafeMutablePointer<M.C>.allocate(capacity: 1)
        defer { empty.deallocate() }
        M.initialize(empty)
        return try message(empty, field)
    }

    static func messages<M: CodedMessage>(
        _ count: Int, _ list: UnsafeMutablePointer<UnsafeMutablePointer<M.C>?>?, _ field: String
    ) throws(WireError) -> [M] {
        var messages: [M] = []
        for (index, pointer) in UnsafeBufferPointer(start: list, count: count).enumerated() {
            if let pointer { messages.append(try message(pointer, "\(field)[\(index)]")) }
        }
        return messages
    }

    private static func message<M: CodedMessage>(_ pointer: UnsafeMutablePointer<M.C>, _ field: String) throws(WireError) -> M {
        do { return try M(pointer.pointee) } catch {
            throw M.isTransparent ? error : WireError(error.code, "\(field).\(error.message)")
        }
    }
}
