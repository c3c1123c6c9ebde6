import Foundation
public import Synchronization

/// Hears what a process tells its service manager, as one does.
public final class NoticeListener: Sendable {
    /// What `NOTIFY_SOCKET` says.
    public let name: String
    /// The lines of each datagram.
    public let messages: AsyncStream<[String]>
    /// Messages so far.
    public let count = Counter()
    private let descriptor: Int32

    /// - Parameter name: a path, or `@` and an abstract name.
    public init(_ name: String) throws {
        self.name = name
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: name.utf8)
            if name.hasPrefix("@") { $0[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let (messages, continuation) = AsyncStream.makeStream(of: [String].self)
        self.messages = messages
        Thread { [count] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let length = recv(descriptor, &bytes, bytes.count, 0)
                guard length > 0 else { break }
                count.value.add(1, ordering: .relaxed)
                continuation.yield(String(decoding: bytes.prefix(length), as: UTF8.self).components(separatedBy: "\n"))
            }
            continuation.finish()
            close(descriptor)
        }.start()
    }

    public final class Counter: Sendable {
        public let value = Atomic(0)
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The first line that fits, of the messages from now on.
    public func line(where fits: (String) -> Bool) async -> String? {
        for await message in messages {
            if let line = message.first(where: fits) { return line }
        }
        return nil
    }
}
