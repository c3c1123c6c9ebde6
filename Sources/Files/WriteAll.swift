import Glibc

/// Writes all of it, however many writes that takes.
/// - Returns: 0, or the `errno` of the write that failed.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var done = 0
    while done < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
        if count > 0 {
            done += count
        } else if count == 0 {
            return ENOSPC
        } else if errno == EAGAIN {
            // Whoever shares a pipe with us may have made it non-blocking.
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&ready, 1, -1)
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}
