/// What accelerators that exchange tensors take for it: memory, and how long they wait for one another.
public enum Collectives {
    /// Of one buffer, in MiB. Activations of an image of 1024 × 1024 pass in one piece; larger ones in several, which is slower.
    public static let bufferMebibytes = 64
    /// How long a device waits in a collective for the others, in seconds.
    public static let timeout = 120

    /// What a process is started with so that HCCL keeps to both.
    public static let environment = ["HCCL_BUFFSIZE": "\(bufferMebibytes)", "HCCL_EXEC_TIMEOUT": "\(timeout)"]

    /// What each device of a group holds, in bytes: HCCL has a buffer for each direction.
    public static let bufferBytes = 2 * bufferMebibytes * ByteCount.mebibyte
}
