import Foundation

/// The connections of TCP on this machine, as the kernel lists them.
public enum TCPTable {
    /// The ends of connections with this port whose peer the kernel asks when it is silent (keepalive): 1 where one end does, 2 where both do.
    public static func keepalives(port: Int) throws -> Int {
        let name = name(port)
        return try established().count { $0[1...2].contains { $0.hasSuffix(name) } && $0[5].hasPrefix("02:") }
    }

    /// Connections that were accepted at this port.
    public static func accepted(port: Int) throws -> Int {
        let name = name(port)
        return try established().count { $0[1].hasSuffix(name) }
    }

    private static func name(_ port: Int) -> String { ":" + String(format: "%04X", port) }

    /// Of each connection: number, local and remote address, state, queues, timer, and more.
    private static func established() throws -> [[Substring]] {
        // Foundation takes a file of the kernel, which tells no size, for one of 4 KB.
        guard let file = FileHandle(forReadingAtPath: "/proc/net/tcp") else { return [] }
        var bytes = Data()
        while let part = try file.read(upToCount: 1 << 16), !part.isEmpty { bytes += part }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map { $0.split(separator: " ") }.filter { $0[3] == "01" }
    }
}
