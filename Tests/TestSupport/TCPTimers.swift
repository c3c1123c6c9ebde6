import Foundation

/// What the kernel has scheduled for the connections of TCP on this machine.
public enum TCPTimers {
    /// The ends of connections with this port whose peer the kernel asks when it is silent (keepalive): 1 where one end does, 2 where both do.
    public static func keepalives(port: Int) throws -> Int {
        let table = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
        let ending = ":" + String(format: "%04X", port)
        return table.split(separator: "\n").dropFirst().count { line in
            // Number, local and remote address, state, queues, timer.
            let columns = line.split(separator: " ")
            return columns[3] == "01" && columns[1...2].contains { $0.hasSuffix(ending) } && columns[5].hasPrefix("02:")
        }
    }
}
