/// The devices of one stage, in order: the first is the main one, which holds whatever the stage does not distribute.
public struct DeviceGroup: Sendable {
    public let devices: [any Device]

    /// - Parameter devices: at least one.
    public init(_ devices: [any Device]) {
        precondition(!devices.isEmpty, "a group of no devices")
        self.devices = devices
    }

    public init(_ device: any Device) { self.init([device]) }

    public var main: any Device { devices[0] }
    public var count: Int { devices.count }
    /// As on the command line: `npu:0,npu:1`.
    public var name: String { devices.map(\.name).joined(separator: ",") }
}
