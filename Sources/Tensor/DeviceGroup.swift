/// The devices of one stage, in order: the first is the main one, which holds whatever the stage does not distribute.
public struct DeviceGroup: Sendable {
    /// A device, and its place among those that divide each pass with it.
    public struct Rank: Sendable {
        public let device: any Device
        /// Nil: the device computes passes alone.
        public let communicator: (any Communicator)?

        public init(_ device: any Device, _ communicator: (any Communicator)? = nil) {
            self.device = device
            self.communicator = communicator
        }
    }

    /// For each of the passes that are independent, such as the two branches of guidance, the devices that compute it.
    public let sides: [[Rank]]

    /// - Parameter sides: at least one, each of as many ranks.
    public init(sides: [[Rank]]) {
        precondition(sides.first?.isEmpty == false, "a group of no devices")
        precondition(sides.allSatisfy { $0.count == sides[0].count }, "sides of \(sides.map(\.count)) devices")
        for side in sides {
            for (number, rank) in side.enumerated() {
                precondition(
                    rank.communicator.map { $0.rank == number && $0.size == side.count } ?? (side.count == 1),
                    "\(rank.device.name) is no rank \(number) of \(side.count)")
            }
        }
        self.sides = sides
    }

    /// - Parameter devices: at least one; each computes passes alone.
    public init(_ devices: [any Device]) { self.init(sides: devices.map { [Rank($0)] }) }

    public init(_ device: any Device) { self.init([device]) }

    public var devices: [any Device] { sides.joined().map(\.device) }
    public var main: any Device { sides[0][0].device }
    /// Of each side.
    public var ranks: Int { sides[0].count }
    /// As on the command line: `npu:0,npu:1`.
    public var name: String { devices.map(\.name).joined(separator: ",") }
}
