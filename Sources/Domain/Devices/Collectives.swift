/// What accelerators that exchange tensors take for it: memory, and how long they wait for one another.
public enum Collectives {
    /// Of one buffer, in MiB. Activations of an image of 1024 × 1024 pass in one piece; larger ones in several, which is slower.
    public static let bufferMebibytes = 64
    /// How long a device waits for the others to connect, and in a collective, in seconds, unless it is told otherwise.
    public static let timeout = 120
    /// What it may be told: an image's largest step takes seconds, and beyond 1091 HCCL refuses some of its algorithms.
    public static let timeouts = 10...600

    /// As messages list them.
    public static let timeoutExplanation = "\(timeouts.lowerBound) to \(timeouts.upperBound) seconds"

    /// What a process is started with so that HCCL keeps to both. It waits for connections 120 seconds or more; the process itself waits less,
    /// where it is told to.
    public static func environment(timeout: Int?) -> [String: String] {
        let seconds = timeout ?? Self.timeout
        return ["HCCL_BUFFSIZE": "\(bufferMebibytes)", "HCCL_EXEC_TIMEOUT": "\(seconds)", "HCCL_CONNECT_TIMEOUT": "\(max(seconds, 120))"]
    }

    /// What each device of a group holds, in bytes: HCCL has a buffer for each direction.
    public static let bufferBytes = 2 * bufferMebibytes * ByteCount.mebibyte
}
