import Crypto
import Foundation
import Synchronization

/// SHA-256 over the SHA-256 of each chunk of a file, so that all processors work on a large one.
enum FileDigest {
    private static var chunkBytes: Int { 8 << 20 }
    private static var readBytes: Int { 1 << 20 }

    /// - Throws: `unreadable`.
    static func compute(_ descriptor: Int32, byteCount: Int, path: String) throws(CheckpointError) -> [UInt8] {
        let starts = Array(stride(from: 0, to: byteCount, by: chunkBytes))
        let chunks = Mutex([Result<[UInt8], CheckpointError>](repeating: .success([]), count: starts.count))
        DispatchQueue.concurrentPerform(iterations: starts.count) { index in
            let range = starts[index]..<min(starts[index] + chunkBytes, byteCount)
            let digest = Result { () throws(CheckpointError) in try chunk(descriptor, range, path: path) }
            chunks.withLock { $0[index] = digest }
        }
        var hash = SHA256()
        for chunk in chunks.withLock({ $0 }) { hash.update(data: try chunk.get()) }
        return Array(hash.finalize())
    }

    /// Reads rather than maps: a file that shrinks meanwhile is an error, not a signal.
    private static func chunk(_ descriptor: Int32, _ range: Range<Int>, path: String) throws(CheckpointError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(range.count, readBytes), alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        var position = range.lowerBound
        while position < range.upperBound {
            let count = pread(descriptor, buffer.baseAddress, min(buffer.count, range.upperBound - position), off_t(position))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CheckpointFile.failure(path, errno) }
            guard count > 0 else { throw CheckpointError(.unreadable, "\(path) became shorter while it was read") }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += count
        }
        return Array(hash.finalize())
    }
}
