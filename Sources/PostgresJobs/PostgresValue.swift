import CPostgres
import Foundation
package import Jobs

/// What goes with a statement.
package enum PostgresValue: Sendable {
    case null
    case integer(Int64)
    case integers([Int64])
    case text(String)
    case bytes([UInt8])

    static func integer(_ value: Int) -> PostgresValue { .integer(Int64(value)) }
    static func text(orNull value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }

    var count: Int {
        switch self {
        case .null, .integer: 0
        case .integers(let numbers): numbers.count * 8
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }

    fileprivate var isBinary: Bool { if case .bytes = self { true } else { false } }

    /// Allocated, with a zero at its end; nil: NULL.
    fileprivate func allocate() -> UnsafeMutablePointer<CChar>? {
        switch self {
        case .null: return nil
        case .integer(let number): return strdup("\(number)")
        case .integers(let numbers): return strdup("{\(numbers.map(String.init).joined(separator: ","))}")
        // A text of PostgreSQL can hold every character but one.
        case .text(let text): return strdup(text.replacing("\0", with: "\u{FFFD}"))
        case .bytes(let bytes):
            guard let copy = malloc(max(1, bytes.count)) else { return nil }
            bytes.withUnsafeBytes { if let base = $0.baseAddress { _ = memcpy(copy, base, $0.count) } }
            return copy.assumingMemoryBound(to: CChar.self)
        }
    }
}

func withValues<R>(
    _ values: [PostgresValue], _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
) -> R {
    let copies = values.map { $0.allocate() }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) }, values.map { Int32($0.isBinary ? $0.count : 0) }, values.map { $0.isBinary ? 1 : 0 })
}

/// - Parameter body: gets the strings, and a null pointer behind them.
func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
}

/// What a statement answers, in PostgreSQL's binary form.
package final class PostgresRows {
    private let result: OpaquePointer?

    init(_ result: OpaquePointer?) { self.result = result }

    deinit { PQclear(result) }

    package var count: Int { Int(PQntuples(result)) }
    package var first: PostgresRow? { count > 0 ? PostgresRow(rows: self, index: 0) : nil }
    /// Rows that the statement has changed.
    package var changed: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    package func map<R>(_ body: (PostgresRow) throws(JobsError) -> R) throws(JobsError) -> [R] {
        var all: [R] = []
        for index in 0..<count { all.append(try body(PostgresRow(rows: self, index: Int32(index)))) }
        return all
    }

    fileprivate func value(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer? {
        guard column < PQnfields(result), PQgetisnull(result, row, column) == 0 else { return nil }
        return UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
    }
}

/// Columns are read by their place.
package struct PostgresRow {
    fileprivate let rows: PostgresRows
    fileprivate let index: Int32

    package func integer(_ column: Int32) throws(JobsError) -> Int64? {
        guard let bytes = rows.value(index, column) else { return nil }
        switch bytes.count {
        case 4: return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case 8: return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        default: throw wrong(column)
        }
    }

    package func flag(_ column: Int32) -> Bool { rows.value(index, column)?.first == 1 }

    package func text(_ column: Int32) -> String? { rows.value(index, column).map { String(decoding: $0, as: UTF8.self) } }

    package func bytes(_ column: Int32) -> [UInt8]? { rows.value(index, column).map { [UInt8]($0) } }

    /// - Throws: `unreadable` for NULL.
    func require<R>(_ value: R?, _ column: Int32) throws(JobsError) -> R {
        guard let value else { throw wrong(column) }
        return value
    }

    private func wrong(_ column: Int32) -> JobsError {
        JobsError(.unreadable, "the database holds a value that this build does not write, in column \(column) of a job")
    }
}
