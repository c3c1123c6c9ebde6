import Glibc

/// Reads a descriptor line by line on a thread of its own, and closes it at its end.
enum LineReader {
    /// Bytes of a line that are kept; what is longer is cut.
    private static let longest = 16 << 10

    static func start(_ descriptor: Int32, onLine: @escaping @Sendable (String) -> Void, onEnd: @escaping @Sendable () -> Void) {
        BlockingThread.start {
            var line: [UInt8] = []
            func finishLine() {
                onLine(String(decoding: line, as: UTF8.self))
                line.removeAll(keepingCapacity: true)
            }
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
                while true {
                    let count = read(descriptor, buffer.baseAddress, buffer.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { break }
                    for byte in buffer[..<count] {
                        if byte == UInt8(ascii: "\n") { finishLine() } else if line.count < longest { line.append(byte) }
                    }
                }
            }
            if !line.isEmpty { finishLine() }
            close(descriptor)
            onEnd()
        }
    }
}
