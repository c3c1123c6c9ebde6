import CWire

extension WireProtocol {
    /// Tells the allocator to keep large blocks for the next message; the first call of a server's main.
    public static func keepMemory() { glm_wire_keep_memory() }
}
