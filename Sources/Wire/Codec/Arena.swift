import CWire
import Foundation

/// The memory behind one C message while it is encoded; freed with the arena.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { free(block) } }

    /// Zeroed memory for `count` values.
    func allocate<T>(_ type: T.Type, count: Int = 1) -> UnsafeMutablePointer<T> {
        guard let block = calloc(max(count, 1), MemoryLayout<T>.stride) else { preconditionFailure("out of memory") }
        blocks.append(block)
        return block.bindMemory(to: type, capacity: count)
    }

    /// A C string; refuses a NUL inside, which would cut it.
    func text(_ string: String, _ field: String) throws(WireError) -> UnsafeMutablePointer<CChar> {
        var string = string
        let copy = string.withUTF8 { utf8 -> UnsafeMutablePointer<CChar>? in
            if utf8.contains(0) { return nil }
            let copy = allocate(CChar.self, count: utf8.count + 1)
            utf8.withMemoryRebound(to: CChar.self) { if let start = $0.baseAddress { copy.update(from: start, count: $0.count) } }
            return copy
        }
        guard let copy else { throw WireError(.invalidText, "\(field) has a NUL inside") }
        return copy
    }

    func texts(_ list: [String], _ field: String) throws(WireError) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let array = allocate(UnsafeMutablePointer<CChar>?.self, count: list.count)
        for (index, item) in list.enumerated() { array[index] = try text(item, field) }
        return array
    }

    func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        let copy = allocate(UInt8.self, count: bytes.count)
        bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { copy.update(from: start, count: $0.count) } }
        return ProtobufCBinaryData(len: bytes.count, data: copy)
    }

    func bytes(_ list: [[UInt8]]) -> UnsafeMutablePointer<ProtobufCBinaryData> {
        let array = allocate(ProtobufCBinaryData.self, count: list.count)
        for (index, item) in list.enumerated() { array[index] = bytes(item) }
        return array
    }

    func numbers(_ values: [Int32]) -> UnsafeMutablePointer<Int32> {
        let copy = allocate(Int32.self, count: values.count)
        values.withUnsafeBufferPointer { if let start = $0.baseAddress { copy.update(from: start, count: $0.count) } }
        return copy
    }

    func counts(_ values: [Int], _ field: String) throws(WireError) -> UnsafeMutablePointer<UInt32> {
        let copy = allocate(UInt32.self, count: values.count)
        for (index, value) in values.enumerated() { copy[index] = try UInt32(wire: value, "\(field)[\(index)]") }
        return copy
    }

    func message<M: CodedMessage>(_ message: M) throws(WireError) -> UnsafeMutablePointer<M.C> {
        let c = allocate(M.C.self)
        M.initialize(c)
        try message.fill(&c.pointee, self)
        return c
    }

    func message<M: CodedMessage>(ifSet message: M?) throws(WireError) -> UnsafeMutablePointer<M.C>? {
        guard let message else { return nil }
        return try self.message(message)
    }

    func messages<M: CodedMessage>(_ list: [M]) throws(WireError) -> UnsafeMutablePointer<UnsafeMutablePointer<M.C>?> {
        let array = allocate(UnsafeMutablePointer<M.C>?.self, count: list.count)
        for (index, item) in list.enumerated() { array[index] = try message(item) }
        return array
    }
}

extension FixedWidthInteger {
    /// A count or size as the field's type; throws when it does not fit.
    init(wire value: Int, _ field: String) throws(WireError) {
        guard let fitting = Self(exactly: value) else {
            throw WireError(.outOfRange, "\(field) is \(value); the field holds \(Self.min) … \(Self.max)")
        }
        self = fitting
    }
}
