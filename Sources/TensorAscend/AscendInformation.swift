import CAscend

/// The card and the software below a device, as a report shows it.
public struct AscendInformation: Sendable, Hashable {
    /// `Ascend910B3`.
    public let chip: String
    /// Versions of CANN and of the driver; nil if CANN does not report them.
    public let cann, driver: String?
    /// Cards that this process may see.
    public let devices: Int
    /// Bytes of the card's memory when the device was made.
    public let freeMemory, memory: Int
    /// Optional functions that this CANN lacks, an operator by the name of its second phase.
    public let missing: [String]

    init(_ cann: CANN, _ chip: Chip, _ stream: Stream) {
        self.chip = cann.chipName
        self.cann = cann.version
        driver = cann.driverVersion
        devices = cann.deviceCount
        var (free, total) = (0, 0)
        stream.check("aclrtGetMemInfo") { $0.aclrtGetMemInfo(chip.memory, &free, &total) }
        (freeMemory, memory) = (free, total)
        let functions = UnsafeRawPointer(cann.api).assumingMemoryBound(to: UnsafeRawPointer?.self)
        missing = (0..<ca_symbol_count()).compactMap { index in
            guard functions[index] == nil, let symbol = ca_symbol_at(index) else { return nil }
            let name = String(cString: symbol.pointee.name)
            return name.hasSuffix("GetWorkspaceSize") ? nil : name
        }
    }
}
