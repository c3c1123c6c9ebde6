/// A block of a device's memory, shared by the tensors that view it and returned when the last one goes.
///
/// Safe to share: a block is written only by the one thread that drives its device, or never (a file's map).
public final class Storage: @unchecked Sendable {
    /// A host address for the CPU; for other devices an address that only the device may follow.
    public let address: UnsafeMutableRawPointer
    public let byteCount: Int
    private let release: @Sendable (UnsafeMutableRawPointer) -> Void

    public init(address: UnsafeMutableRawPointer, byteCount: Int, release: @escaping @Sendable (UnsafeMutableRawPointer) -> Void) {
        self.address = address
        self.byteCount = byteCount
        self.release = release
    }

    deinit { release(address) }
}
