import CWire

// How fields of C messages become Swift values. Null pointers stand for empty ones.

func text(_ pointer: UnsafeMutablePointer<CChar>?, _ field: String) throws(WireError) -> String {
    guard let pointer else { return "" }
    guard let string = String(validatingCString: pointer) else { throw WireError(.invalidText, "\(field) is not UTF-8") }
    return string
}

func texts(_ count: Int, _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ field: String) throws(WireError) -> [String] {
    var strings: [String] = []
    for pointer in UnsafeBufferPointer(start: list, count: count) { strings.append(try text(pointer, field)) }
    return strings
}

func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
    [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
}

func bytes(_ count: Int, _ list: UnsafeMutablePointer<ProtobufCBinaryData>?) -> [[UInt8]] {
    UnsafeBufferPointer(start: list, count: count).map { bytes($0) }
}

func numbers(_ count: Int, _ list: UnsafeMutablePointer<Int32>?) -> [Int32] {
    [Int32](UnsafeBufferPointer(start: list, count: count))
}

func message<M: CodedMessage>(_ pointer: UnsafeMutablePointer<M.C>?) throws(WireError) -> M? {
    guard let pointer else { return nil }
    return try M(pointer.pointee)
}

func message<M: CodedMessage>(_ pointer: UnsafeMutablePointer<M.C>?, _ field: String) throws(WireError) -> M {
    guard let pointer else { throw WireError(.malformed, "\(field) is missing") }
    return try M(pointer.pointee)
}

func messages<M: CodedMessage>(_ count: Int, _ list: UnsafeMutablePointer<UnsafeMutablePointer<M.C>?>?) throws(WireError) -> [M] {
    var messages: [M] = []
    for pointer in UnsafeBufferPointer(start: list, count: count) {
        if let pointer { messages.append(try M(pointer.pointee)) }
    }
    return messages
}

/// A 64-bit count as `Int`.
func count(_ value: UInt64, _ field: String) throws(WireError) -> Int {
    guard let count = Int(exactly: value) else { throw WireError(.outOfRange, "\(field) is \(value); at most \(Int.max)") }
    return count
}
