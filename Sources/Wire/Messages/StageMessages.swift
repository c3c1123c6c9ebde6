import CWire

/// Asks a process what it is.
public struct DescribeRequest: Sendable, Hashable {
    public init() {}
}

extension DescribeRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__DescribeRequest>) { glm__v1__describe_request__init(c) }
    func fill(_ c: inout Glm__V1__DescribeRequest, _ arena: Arena) throws(WireError) {}
    init(_ c: Glm__V1__DescribeRequest) throws(WireError) {}
}

/// What a process is and how busy it is.
public struct StageDescription: Sendable, Hashable {
    /// `vision`, `text`, `diffusion` or `gateway`.
    public var kind: String
    /// Unique among the processes of its kind.
    public var instance: String
    /// `cpu`, `npu:0`; empty for the gateway.
    public var device: String
    /// Last component of the model's folder; empty for the gateway.
    public var modelName: String
    /// Hexadecimal; equal for equal checkpoints; empty until the model is open.
    public var modelFingerprint: String
    /// Version of the program.
    public var build: String
    /// Raised when a message changes its meaning.
    public var protocolVersion: Int
    /// What it refuses before any work.
    public var limits: StageLimits
    public var state: StageState
    /// Requests being computed.
    public var running: Int
    /// Requests waiting.
    public var queued: Int
    /// On its own host.
    public var processID: Int
    /// Side of the square picture that the checkpoint draws best, pixels; 0: not this stage's matter.
    public var defaultSide: Int
    /// Requests that it computes at the same time; at least 1.
    public var slots: Int
    /// Of its own host's memory that the process holds now, file maps included; bytes.
    public var memoryBytes: Int
    /// Requests that found work of an earlier one done, since the process began.
    public var cacheHits: Int
    /// Requests that did not.
    public var cacheMisses: Int

    public init(
        kind: String, instance: String, device: String = "", modelName: String = "", modelFingerprint: String = "", build: String,
        protocolVersion: Int = WireProtocol.version, limits: StageLimits = StageLimits(), state: StageState, running: Int = 0,
        queued: Int = 0, processID: Int, defaultSide: Int = 0, slots: Int = 1, memoryBytes: Int = 0, cacheHits: Int = 0, cacheMisses: Int = 0
    ) {
        self.kind = kind
        self.instance = instance
        self.device = device
        self.modelName = modelName
        self.modelFingerprint = modelFingerprint
        self.build = build
        self.protocolVersion = protocolVersion
        self.limits = limits
        self.state = state
        self.running = running
        self.queued = queued
        self.processID = processID
        self.defaultSide = defaultSide
        self.slots = slots
        self.memoryBytes = memoryBytes
        self.cacheHits = cacheHits
        self.cacheMisses = cacheMisses
    }
}

extension StageDescription: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__StageDescription>) { glm__v1__stage_description__init(c) }

    func fill(_ c: inout Glm__V1__StageDescription, _ arena: Arena) throws(WireError) {
        c.kind = try arena.text(kind, "kind")
        c.instance = try arena.text(instance, "instance")
        c.device = try arena.text(device, "device")
        c.model_name = try arena.text(modelName, "model_name")
        c.model_fingerprint = try arena.text(modelFingerprint, "model_fingerprint")
        c.build = try arena.text(build, "build")
        c.protocol_version = try UInt32(wire: protocolVersion, "protocol_version")
        c.limits = try arena.message(limits)
        c.state = Glm__V1__StageState(rawValue: state.rawValue)
        c.running = try UInt32(wire: running, "running")
        c.queued = try UInt32(wire: queued, "queued")
        c.process_id = try UInt32(wire: processID, "process_id")
        c.default_side = try UInt32(wire: defaultSide, "default_side")
        c.slots = try UInt32(wire: slots, "slots")
        c.memory_bytes = try UInt64(wire: memoryBytes, "memory_bytes")
        c.cache_hits = try UInt64(wire: cacheHits, "cache_hits")
        c.cache_misses = try UInt64(wire: cacheMisses, "cache_misses")
    }

    init(_ c: Glm__V1__StageDescription) throws(WireError) {
        self.init(
            kind: try text(c.kind, "kind"), instance: try text(c.instance, "instance"), device: try text(c.device, "device"),
            modelName: try text(c.model_name, "model_name"), modelFingerprint: try text(c.model_fingerprint, "model_fingerprint"),
            build: try text(c.build, "build"), protocolVersion: Int(c.protocol_version),
            limits: try message(c.limits) ?? StageLimits(), state: StageState(rawValue: c.state.rawValue) ?? .unspecified,
            running: Int(c.running), queued: Int(c.queued), processID: Int(c.process_id),
            defaultSide: Int(c.default_side), slots: max(1, Int(c.slots)), memoryBytes: try count(c.memory_bytes, "memory_bytes"),
            cacheHits: try count(c.cache_hits, "cache_hits"), cacheMisses: try count(c.cache_misses, "cache_misses"))
    }
}

/// What a process refuses before any work.
public struct StageLimits: Sendable, Hashable {
    /// Bytes of UTF-8; 0: takes no prompt.
    public var maxPromptBytes: Int
    /// Height × width of the largest picture, pixels; 0: takes no picture.
    public var maxPixels: Int
    /// Requests that may wait beside the one being computed.
    public var queueCapacity: Int
    /// Bytes of the largest encoded request.
    public var maxRequestBytes: Int

    public init(maxPromptBytes: Int = 0, maxPixels: Int = 0, queueCapacity: Int = 0, maxRequestBytes: Int = 0) {
        self.maxPromptBytes = maxPromptBytes
        self.maxPixels = maxPixels
        self.queueCapacity = queueCapacity
        self.maxRequestBytes = maxRequestBytes
    }
}

extension StageLimits: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__StageLimits>) { glm__v1__stage_limits__init(c) }

    func fill(_ c: inout Glm__V1__StageLimits, _ arena: Arena) throws(WireError) {
        c.max_prompt_bytes = try UInt32(wire: maxPromptBytes, "max_prompt_bytes")
        c.max_pixels = try UInt64(wire: maxPixels, "max_pixels")
        c.queue_capacity = try UInt32(wire: queueCapacity, "queue_capacity")
        c.max_request_bytes = try UInt64(wire: maxRequestBytes, "max_request_bytes")
    }

    init(_ c: Glm__V1__StageLimits) throws(WireError) {
        self.init(
            maxPromptBytes: Int(c.max_prompt_bytes), maxPixels: try count(c.max_pixels, "max_pixels"),
            queueCapacity: Int(c.queue_capacity), maxRequestBytes: try count(c.max_request_bytes, "max_request_bytes"))
    }
}

/// Whether a process takes work.
public enum StageState: UInt32, Sendable, Hashable {
    /// Never sent by this build; a state that it does not know.
    case unspecified = 0
    /// The model is being loaded.
    case starting = 1
    case serving = 2
    /// Finishes its work, takes no more.
    case draining = 3
}

/// Tells a process to finish its work and end.
public struct DrainRequest: Sendable, Hashable {
    /// Seconds until work in flight is cancelled; 0: the process's own setting.
    public var deadlineSeconds: Double

    public init(deadlineSeconds: Double = 0) { self.deadlineSeconds = deadlineSeconds }
}

extension DrainRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__DrainRequest>) { glm__v1__drain_request__init(c) }
    func fill(_ c: inout Glm__V1__DrainRequest, _ arena: Arena) throws(WireError) { c.deadline_seconds = deadlineSeconds }
    init(_ c: Glm__V1__DrainRequest) throws(WireError) { self.init(deadlineSeconds: c.deadline_seconds) }
}

/// The process drains from now on.
public struct DrainResponse: Sendable, Hashable {
    /// Requests that are still to be finished.
    public var inFlight: Int

    public init(inFlight: Int) { self.inFlight = inFlight }
}

extension DrainResponse: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__DrainResponse>) { glm__v1__drain_response__init(c) }
    func fill(_ c: inout Glm__V1__DrainResponse, _ arena: Arena) throws(WireError) { c.in_flight = try UInt32(wire: inFlight, "in_flight") }
    init(_ c: Glm__V1__DrainResponse) throws(WireError) { self.init(inFlight: Int(c.in_flight)) }
}
