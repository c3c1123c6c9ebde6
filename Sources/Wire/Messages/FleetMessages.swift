import CWire

/// Asks the gateway for the fleet.
public struct StatusRequest: Sendable, Hashable {
    public init() {}
}

extension StatusRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__StatusRequest>) { glm__v1__status_request__init(c) }
    func fill(_ c: inout Glm__V1__StatusRequest, _ arena: Arena) throws(WireError) {}
    init(_ c: Glm__V1__StatusRequest) throws(WireError) {}
}

/// The gateway and the stages it knows.
public struct FleetStatus: Sendable, Hashable {
    public var gateway: StageDescription
    /// By kind and instance.
    public var stages: [StageStatus]

    public init(gateway: StageDescription, stages: [StageStatus]) {
        self.gateway = gateway
        self.stages = stages
    }
}

extension FleetStatus: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__FleetStatus>) { glm__v1__fleet_status__init(c) }

    func fill(_ c: inout Glm__V1__FleetStatus, _ arena: Arena) throws(WireError) {
        c.gateway = try arena.message(gateway)
        c.n_stages = stages.count
        c.stages = try arena.messages(stages)
    }

    init(_ c: Glm__V1__FleetStatus) throws(WireError) {
        self.init(gateway: try message(c.gateway, "gateway"), stages: try messages(c.n_stages, c.stages))
    }
}

/// One stage as the gateway sees it.
public struct StageStatus: Sendable, Hashable {
    /// `unix:/path` or `host:port`.
    public var address: String
    public var health: Health
    /// Nil when the stage did not answer.
    public var description: StageDescription?
    /// Why it does not serve; empty when it does.
    public var problem: String

    public init(address: String, health: Health, description: StageDescription?, problem: String = "") {
        self.address = address
        self.health = health
        self.description = description
        self.problem = problem
    }
}

extension StageStatus: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__StageStatus>) { glm__v1__stage_status__init(c) }

    func fill(_ c: inout Glm__V1__StageStatus, _ arena: Arena) throws(WireError) {
        c.address = try arena.text(address, "address")
        c.health = Glm__V1__Health(rawValue: health.rawValue)
        c.description = try arena.message(ifSet: description)
        c.problem = try arena.text(problem, "problem")
    }

    init(_ c: Glm__V1__StageStatus) throws(WireError) {
        self.init(
            address: try text(c.address, "address"), health: Health(rawValue: c.health.rawValue) ?? .unknown,
            description: try message(c.description), problem: try text(c.problem, "problem"))
    }
}

/// What a stage's health service says.
public enum Health: UInt32, Sendable, Hashable {
    /// Did not answer.
    case unknown = 0
    /// Takes work.
    case serving = 1
    /// Starting, draining or broken.
    case notServing = 2
}
