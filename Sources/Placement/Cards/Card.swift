public import Domain

/// Something that computes: an accelerator's die with memory of its own, or the host's processors.
public struct Card: Codable, Sendable, Hashable {
    /// What answered for it.
    public enum Source: String, Codable, Sendable { case dcmi, npuSMI = "npu-smi", declared, host }

    /// As the driver grades it.
    public enum Health: String, Codable, Sendable { case ok, minor, major, critical, absent, unknown }

    /// Why the driver lowers the frequency of a card that works.
    public enum SlowCause: String, Codable, Sendable, CaseIterable {
        case thermal, current
        case powerBreak = "power break"
        case capping
        case loadAware = "load aware"
    }

    /// Where the die sits: never what a process opens.
    public struct Location: Codable, Sendable, Hashable {
        /// The board, as npu-smi's `NPU` column and DCMI's card id.
        public var card: Int
        /// The die on it: 0, and 1 on boards of two.
        public var chip: Int
        /// The host's number of the die, as in `/dev/davinci3`; nil where nothing says it.
        public var physical: Int?

        public init(card: Int, chip: Int, physical: Int?) {
            self.card = card
            self.chip = chip
            self.physical = physical
        }
    }

    /// As a topology names it. The number is the one by which the runtime opens it.
    public var device: DeviceID
    /// `910B3`; of the host, its processor.
    public var chip: String
    /// In bytes.
    public var memory: Int
    /// In bytes, when it was looked at; nil where it was only declared.
    public var free: Int?
    public var health: Health
    /// In degrees Celsius.
    public var temperature: Int?
    /// In watts.
    public var power: Double?
    /// Empty where it is not slowed; nil where nothing tells.
    public var slowedBy: [SlowCause]?
    public var location: Location?
    /// Of the host: processors that compute.
    public var processors: Int?
    /// Of the host: what its processors multiply natively; nil: f32.
    public var precision: Precision?
    public var source: Source

    public init(
        device: DeviceID, chip: String, memory: Int, free: Int? = nil, health: Health = .unknown, temperature: Int? = nil, power: Double? = nil,
        slowedBy: [SlowCause]? = nil, location: Location? = nil, processors: Int? = nil, precision: Precision? = nil, source: Source
    ) {
        self.device = device
        self.chip = chip
        self.memory = memory
        self.free = free
        self.health = health
        self.temperature = temperature
        self.power = power
        self.slowedBy = slowedBy
        self.location = location
        self.processors = processors
        self.precision = precision
        self.source = source
    }

    /// More than any card will have, and little enough to be counted with: what a driver tells beyond is not believed.
    static let mostMebibytes = 1 << 30

    /// Degrees Celsius; nil for what no sensor measures.
    static func plausible(temperature: Int) -> Int? { (-273...1000).contains(temperature) ? temperature : nil }

    /// Watts; nil for what no card takes.
    static func plausible(power: Double) -> Double? { (0...100_000).contains(power) ? power : nil }

    public var isHost: Bool { device.isHost }

    /// What it multiplies natively.
    public var nativePrecision: Precision { isHost ? precision ?? .f32 : .bf16 }

    /// The figures of its chip, or why GLM-Image can't run on it.
    public var support: ChipSupport { isHost ? .figures(.host(processors: processors ?? 1)) : ChipCatalogue.support(chip, memory: memory) }

    enum CodingKeys: String, CodingKey {
        case chip, memory, free, health, temperature, power, slowedBy, location, processors, precision, source
        case device = "name"
    }

    /// Bytes that stages may take: what is free, or where nothing has looked, all but the driver's own share.
    public var available: Int { free ?? max(0, memory - ChipCatalogue.driverShare(memory: memory)) }
}
