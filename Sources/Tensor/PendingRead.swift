/// A tensor's bytes on their way to the host. A read that is no longer needed can simply be released.
public struct PendingRead: Sendable {
    private let wait: @Sendable () throws -> [UInt8]

    /// - Parameter wait: returns the bytes once they are there; throws what failed on the device before.
    public init(_ wait: @escaping @Sendable () throws -> [UInt8]) { self.wait = wait }

    /// Waits for i32 elements.
    public func integers() throws -> [Int32] { try elements() }

    /// Waits for f32 elements.
    public func floats() throws -> [Float] { try elements() }

    private func elements<Element: BitwiseCopyable>() throws -> [Element] {
        try wait().withUnsafeBytes { bytes in
            (0..<bytes.count / MemoryLayout<Element>.stride).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: Element.self)
            }
        }
    }
}
