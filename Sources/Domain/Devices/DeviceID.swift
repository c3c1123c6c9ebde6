/// What computes: the host's processors, or one accelerator by its number.
///
/// Which numbering is meant depends on the place. A topology, a plan, logs and metrics count the accelerators of the machine; the
/// `--device` flag of a process counts those that the process may see, from 0 (see ``VisibleDevices``).
public enum DeviceID: Sendable, Hashable, Comparable, LosslessStringConvertible {
    case cpu
    case npu(Int)

    /// How a message explains what is expected.
    public static let syntax = "cpu or npu:N, such as npu:0"

    /// Numbers beyond this are typing errors.
    private static let numbers = 0..<1024

    /// `cpu` or `npu:3`; nil for anything else, also for `npu:03`.
    public init?(_ text: String) {
        if text == "cpu" {
            self = .cpu
            return
        }
        guard text.hasPrefix("npu:"), let number = Int(text.dropFirst(4)), Self.numbers.contains(number), text == "npu:\(number)" else { return nil }
        self = .npu(number)
    }

    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .npu(let number): "npu:\(number)"
        }
    }

    /// The accelerator's number; nil for the host.
    public var number: Int? {
        switch self {
        case .cpu: nil
        case .npu(let number): number
        }
    }

    public var isHost: Bool { self == .cpu }

    /// Whether large images go through the VAE in tiles where nobody says. On an accelerator an image of 2048 × 2048 has more elements
    /// on its way than a signed number of 32 bits counts, and operators copy it several times.
    public var tilesImages: Bool { !isHost }

    /// The host comes after the accelerators, which are in the order of their numbers.
    public static func < (a: DeviceID, b: DeviceID) -> Bool { a.number ?? .max < b.number ?? .max }
}

extension DeviceID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let device = DeviceID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no device: \(Self.syntax)")
        }
        self = device
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension [DeviceID] {
    /// `npu:0,npu:1`: the devices of one stage, the main one first. Nil unless each is a device and none is named twice.
    public init?(list text: String) {
        let devices = text.split(separator: ",", omittingEmptySubsequences: false).map { DeviceID(String($0)) }
        let known = devices.compactMap(\.self)
        guard known.count == devices.count, Set(known).count == known.count else { return nil }
        self = known
    }

    /// `npu:0,npu:1`.
    public var list: String { map(\.description).joined(separator: ",") }
}
