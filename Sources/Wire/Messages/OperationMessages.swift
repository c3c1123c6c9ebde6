import CWire

/// Takes one stage out of service.
public struct DrainStageRequest: Sendable, Hashable {
    /// Kind and instance: `vision-0`.
    public var stage: String
    /// Seconds until work in flight is given to another stage; 0: the stage's own setting.
    public var deadlineSeconds: Double
    /// Also when no other stage of its kind serves.
    public var force: Bool

    public init(stage: String, deadlineSeconds: Double = 0, force: Bool = false) {
        self.stage = stage
        self.deadlineSeconds = deadlineSeconds
        self.force = force
    }
}

extension DrainStageRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__DrainStageRequest>) { glm__v1__drain_stage_request__init(c) }

    func fill(_ c: inout Glm__V1__DrainStageRequest, _ arena: Arena) throws(WireError) {
        c.stage = try arena.text(stage, "stage")
        c.deadline_seconds = deadlineSeconds
        c.force = force ? 1 : 0
    }

    init(_ c: Glm__V1__DrainStageRequest) throws(WireError) {
        self.init(stage: try text(c.stage, "stage"), deadlineSeconds: c.deadline_seconds, force: c.force != 0)
    }
}

/// Starts or drains stages of one kind until there are as many as asked.
public struct ScaleRequest: Sendable, Hashable {
    /// `vision`, `text` or `diffusion`.
    public var kind: String
    /// At least 1.
    public var replicas: Int
    /// Name of the model whose stages are meant; empty: the only one of the kind.
    public var model: String

    public init(kind: String, replicas: Int, model: String = "") {
        self.kind = kind
        self.replicas = replicas
        self.model = model
    }
}

extension ScaleRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__ScaleRequest>) { glm__v1__scale_request__init(c) }

    func fill(_ c: inout Glm__V1__ScaleRequest, _ arena: Arena) throws(WireError) {
        c.kind = try arena.text(kind, "kind")
        c.replicas = try UInt32(wire: replicas, "replicas")
        c.model = try arena.text(model, "model")
    }

    init(_ c: Glm__V1__ScaleRequest) throws(WireError) {
        self.init(kind: try text(c.kind, "kind"), replicas: Int(c.replicas), model: try text(c.model, "model"))
    }
}

/// Replaces all stages of one kind by new ones of another model.
public struct SwapRequest: Sendable, Hashable {
    /// `vision`, `text` or `diffusion`.
    public var kind: String
    /// Of the new checkpoint, on the gateway's host.
    public var folder: String
    /// Name of the model that gets it; empty: the only one of the kind.
    public var model: String

    public init(kind: String, folder: String, model: String = "") {
        self.kind = kind
        self.folder = folder
        self.model = model
    }
}

extension SwapRequest: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__SwapRequest>) { glm__v1__swap_request__init(c) }

    func fill(_ c: inout Glm__V1__SwapRequest, _ arena: Arena) throws(WireError) {
        c.kind = try arena.text(kind, "kind")
        c.folder = try arena.text(folder, "folder")
        c.model = try arena.text(model, "model")
    }

    init(_ c: Glm__V1__SwapRequest) throws(WireError) {
        self.init(kind: try text(c.kind, "kind"), folder: try text(c.folder, "folder"), model: try text(c.model, "model"))
    }
}

/// One thing that an operation has done.
public struct OperationEvent: Sendable, Hashable {
    /// For a person.
    public var message: String
    /// The stage it was done to: `vision-0`; empty: to none.
    public var stage: String

    public init(_ message: String, stage: String = "") {
        self.message = message
        self.stage = stage
    }
}

extension OperationEvent: CodedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Glm__V1__OperationEvent>) { glm__v1__operation_event__init(c) }

    func fill(_ c: inout Glm__V1__OperationEvent, _ arena: Arena) throws(WireError) {
        c.message = try arena.text(message, "message")
        c.stage = try arena.text(stage, "stage")
    }

    init(_ c: Glm__V1__OperationEvent) throws(WireError) { self.init(try text(c.message, "message"), stage: try text(c.stage, "stage")) }
}
