import Checkpoint
import Files
import Foundation

/// Files that are no weights, small or large.
enum FileCopy {
    static func write(_ bytes: [UInt8], to target: URL) throws {
        let file = try NewFile(target.path)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        try file.close()
    }

    /// The copy is read back, and has the digest of what was copied.
    static func copy(_ source: URL, to target: URL, _ checkCancellation: () throws -> Void) throws {
        let file = try NewFile(target.path)
        let reader = try FileHandle(forReadingFrom: source)
        defer { try? reader.close() }
        var position = 0
        while let bytes = try reader.read(upToCount: 8 << 20), !bytes.isEmpty {
            try checkCancellation()
            try bytes.withUnsafeBytes { try file.write($0, at: position) }
            position += bytes.count
        }
        try file.close()
        guard position > 0 else { return }
        guard try FileDigests.shared.digest(source) == FileDigests.shared.digest(target) else {
            throw QuantizationError("\(target.path) was written, but reads back as another file than \(source.path)")
        }
    }
}
