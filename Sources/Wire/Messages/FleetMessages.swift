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
    /// One for each kind of stage, in the order of the work.
    public var queues: [QueueStatus]
    /// What the topology's stages run on.
    public var cards: [CardStatus]
    /// Nil when the gateway keeps none.
    public var jobs: JobCounts?
    /// Pictures made since the gateway began.
    public var images: Int
    /// Stage calls that were made again since the gateway began.
    public var retries: Int
    /// Requests turned away since the gateway began.
    public var refused: Int
    /// Since the gateway began.
    public var uptimeSeconds: Double
    /// Why the gateway is not ready, one sentence each; empty: it is.
    public var problems: [String]

    public init(
        gateway: StageDescription, stages: [StageStatus], queues: [QueueStatus] = [], cards: [CardStatus] = [], jobs: JobCounts? = nil,
        images: Int = 0, retries: Int = 0, refused: Int = 0, uptimeSeconds: Double = 0, problems: [String] = []
    ) {
        self.gateway = gateway
        self.stages = stages
        self.queues = queues
        self.cards = cards
        self.jobs = jobs
        self.images = images
        self.retries = retries
        self.refused = refused
        self.uptimeSeconds = uptimeSeconds
        self.problems = problems
    }
}

extension FleetStatus: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__FleetStatus>) { glm__v1__fleet_status__init(c) }

    func fill(_ c: inout Glm__V1__FleetStatus, _ arena: Arena) throws(WireError) {
        c.gateway = try arena.message(gateway)
        c.n_stages = stages.count
        c.stages = try arena.messages(stages)
        c.n_queues = queues.count
        c.queues = try arena.messages(queues)
        c.n_cards = cards.count
        c.cards = try arena.messages(cards)
        c.jobs = try arena.message(ifSet: jobs)
        c.images = try UInt64(wire: images, "images")
        c.retries = try UInt64(wire: retries, "retries")
        c.refused = try UInt64(wire: refused, "refused")
        c.uptime_seconds = uptimeSeconds
        c.n_problems = problems.count
        c.problems = try arena.texts(problems, "problems")
    }

    init(_ c: Glm__V1__FleetStatus) throws(WireError) {
        self.init(
            gateway: try message(c.gateway, "gateway"), stages: try messages(c.n_stages, c.stages),
            queues: try messages(c.n_queues, c.queues), cards: try messages(c.n_cards, c.cards), jobs: try message(c.jobs),
            images: try count(c.images, "images"), retries: try count(c.retries, "retries"), refused: try count(c.refused, "refused"),
            uptimeSeconds: c.uptime_seconds, problems: try texts(c.n_problems, c.problems, "problems"))
    }
}

/// The line before the stages of one kind.
public struct QueueStatus: Sendable, Hashable {
    /// `vision`, `text` or `diffusion`.
    public var kind: String
    /// Requests that wait for a slot.
    public var waiting: Int
    /// Requests in a slot.
    public var running: Int
    /// Of all stages that serve.
    public var slots: Int
    /// One request in a slot, a moving mean; 0: none yet.
    public var seconds: Double
    /// Requests since the gateway began.
    public var done: Int

    public init(kind: String, waiting: Int, running: Int, slots: Int, seconds: Double, done: Int) {
        self.kind = kind
        self.waiting = waiting
        self.running = running
        self.slots = slots
        self.seconds = seconds
        self.done = done
    }
}

extension QueueStatus: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__QueueStatus>) { glm__v1__queue_status__init(c) }

    func fill(_ c: inout Glm__V1__QueueStatus, _ arena: Arena) throws(WireError) {
        c.kind = try arena.text(kind, "kind")
        c.waiting = try UInt32(wire: waiting, "waiting")
        c.running = try UInt32(wire: running, "running")
        c.slots = try UInt32(wire: slots, "slots")
        c.seconds = seconds
        c.done = try UInt64(wire: done, "done")
    }

    init(_ c: Glm__V1__QueueStatus) throws(WireError) {
        self.init(
            kind: try text(c.kind, "kind"), waiting: Int(c.waiting), running: Int(c.running), slots: Int(c.slots), seconds: c.seconds,
            done: try count(c.done, "done"))
    }
}

/// What stages run on.
public struct CardStatus: Sendable, Hashable {
    /// `cpu`, `npu:0`.
    public var name: String
    /// `910B3`; empty when nobody told.
    public var chip: String
    /// Bytes; 0: not told.
    public var memoryTotal: Int
    /// Bytes.
    public var memoryFree: Int
    /// `ok`, or what is wrong; empty when nobody told.
    public var health: String
    /// °C
    public var temperature: Double?
    /// W
    public var power: Double?
    /// Names of the stages that run there.
    public var stages: [String]

    public init(
        name: String, chip: String = "", memoryTotal: Int = 0, memoryFree: Int = 0, health: String = "", temperature: Double? = nil,
        power: Double? = nil, stages: [String] = []
    ) {
        self.name = name
        self.chip = chip
        self.memoryTotal = memoryTotal
        self.memoryFree = memoryFree
        self.health = health
        self.temperature = temperature
        self.power = power
        self.stages = stages
    }
}

extension CardStatus: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__CardStatus>) { glm__v1__card_status__init(c) }

    func fill(_ c: inout Glm__V1__CardStatus, _ arena: Arena) throws(WireError) {
        c.name = try arena.text(name, "name")
        c.chip = try arena.text(chip, "chip")
        c.memory_total = try UInt64(wire: memoryTotal, "memory_total")
        c.memory_free = try UInt64(wire: memoryFree, "memory_free")
        c.health = try arena.text(health, "health")
        if let temperature {
            c.temperature_opt_case = GLM__V1__CARD_STATUS__TEMPERATURE_OPT_TEMPERATURE
            c.temperature = temperature
        }
        if let power {
            c.power_opt_case = GLM__V1__CARD_STATUS__POWER_OPT_POWER
            c.power = power
        }
        c.n_stages = stages.count
        c.stages = try arena.texts(stages, "stages")
    }

    init(_ c: Glm__V1__CardStatus) throws(WireError) {
        self.init(
            name: try text(c.name, "name"), chip: try text(c.chip, "chip"), memoryTotal: try count(c.memory_total, "memory_total"),
            memoryFree: try count(c.memory_free, "memory_free"), health: try text(c.health, "health"),
            temperature: c.temperature_opt_case.rawValue == 0 ? nil : c.temperature, power: c.power_opt_case.rawValue == 0 ? nil : c.power,
            stages: try texts(c.n_stages, c.stages, "stages"))
    }
}

/// How many requests are kept.
public struct JobCounts: Sendable, Hashable {
    public var queued: Int
    public var running: Int
    /// Done, failed or cancelled, and still kept.
    public var ended: Int

    public init(queued: Int, running: Int, ended: Int) {
        self.queued = queued
        self.running = running
        self.ended = ended
    }
}

extension JobCounts: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__JobCounts>) { glm__v1__job_counts__init(c) }

    func fill(_ c: inout Glm__V1__JobCounts, _ arena: Arena) throws(WireError) {
        c.queued = try UInt32(wire: queued, "queued")
        c.running = try UInt32(wire: running, "running")
        c.ended = try UInt32(wire: ended, "ended")
    }

    init(_ c: Glm__V1__JobCounts) throws(WireError) { self.init(queued: Int(c.queued), running: Int(c.running), ended: Int(c.ended)) }
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
    /// Requests of this gateway in its slots.
    public var inFlight: Int
    /// Started and restarted by this gateway.
    public var supervised: Bool
    /// Since the gateway began.
    public var restarts: Int

    public init(
        address: String, health: Health, description: StageDescription?, problem: String = "", inFlight: Int = 0, supervised: Bool = false,
        restarts: Int = 0
    ) {
        self.address = address
        self.health = health
        self.description = description
        self.problem = problem
        self.inFlight = inFlight
        self.supervised = supervised
        self.restarts = restarts
    }
}

extension StageStatus: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__StageStatus>) { glm__v1__stage_status__init(c) }

    func fill(_ c: inout Glm__V1__StageStatus, _ arena: Arena) throws(WireError) {
        c.address = try arena.text(address, "address")
        c.health = Glm__V1__Health(rawValue: health.rawValue)
        c.description = try arena.message(ifSet: description)
        c.problem = try arena.text(problem, "problem")
        c.in_flight = try UInt32(wire: inFlight, "in_flight")
        c.supervised = supervised ? 1 : 0
        c.restarts = try UInt32(wire: restarts, "restarts")
    }

    init(_ c: Glm__V1__StageStatus) throws(WireError) {
        self.init(
            address: try text(c.address, "address"), health: Health(rawValue: c.health.rawValue) ?? .unknown,
            description: try message(c.description), problem: try text(c.problem, "problem"), inFlight: Int(c.in_flight),
            supervised: c.supervised != 0, restarts: Int(c.restarts))
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
