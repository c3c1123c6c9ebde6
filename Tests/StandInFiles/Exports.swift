package import Foundation

/// What a copy of the stand-in shows to who opens it.
package enum Exports {
    /// Takes a function out of a library's exports: its entry in the table of symbols gets another name, and is bound where it is
    /// (hidden), so that the library itself still finds it.
    package static func hide(_ symbol: String, in library: URL) throws {
        var bytes = [UInt8](try Data(contentsOf: library))
        func number<T: FixedWidthInteger>(_ at: Int, _ type: T.Type) -> Int {
            bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: at, as: T.self)) }
        }
        let (sections, dynamicSymbols) = (number(40, UInt64.self), 11)
        let table = (0..<number(60, UInt16.self)).map { sections + $0 * 64 }.first { number($0 + 4, UInt32.self) == dynamicSymbols }
        guard let table else { throw CocoaError(.fileReadCorruptFile) }
        let names = number(sections + number(table + 40, UInt32.self) * 64 + 24, UInt64.self)
        let first = number(table + 24, UInt64.self)
        for entry in stride(from: first, to: first + number(table + 32, UInt64.self), by: 24) {
            let name = number(entry, UInt32.self)
            guard bytes[(names + name)...].starts(with: Array(symbol.utf8) + [0]) else { continue }
            bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(name + 1), toByteOffset: entry, as: UInt32.self) }
            bytes[entry + 5] = 2
        }
        try Data(bytes).write(to: library)
    }
}
