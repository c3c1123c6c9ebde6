public import Checkpoint
public import Domain
public import Foundation
public import ModelConfiguration

/// One stage process: all that it is started with, and what it takes of its devices.
public struct StageSpec: Codable, Sendable, Hashable {
    public var kind: StageKind
    /// `0`, `1`, …: unique among the stages of its kind.
    public var instance: String
    /// What it computes on, as the machine counts them; the main device first.
    public var devices: [DeviceID]
    /// The model's name.
    public var model: String
    /// What the model is for.
    public var pipeline: ModelPipeline
    /// The model's checkpoint.
    public var folder: String
    /// Of what the stage reads of its checkpoint; empty: not computed, which takes reading it.
    public var fingerprint: String
    public var precision: Precision
    /// Sequences that a text stage works on together; nil: the program's default.
    public var batch: Int?
    /// Codes that a pass of a text stage guesses at most; nil: the program's default.
    public var speculativeTokens: Int?
    /// On the host; nil: one for each processor.
    public var threads: Int?
    /// On accelerators; nil: the highest level that CANN takes there.
    public var determinism: DeterminismLevel?
    /// Large images go through the VAE in tiles.
    public var vaeTiling: Bool
    /// The largest `step_cache` that requests may ask for; nil: none may.
    public var stepCache: Float?
    /// Devices among which each pass is divided, and how; nil: none is.
    public var ranks: Int?
    public var division: PassDivision?
    /// Seconds that one of these devices waits for the others; nil: the program's default.
    public var hcclTimeout: Int?
    /// For each device what the stage takes of it; empty for a stage that was not planned.
    public var memory: [[MemoryItem]]

    public init(
        kind: StageKind, instance: String, devices: [DeviceID] = [.cpu], model: String, pipeline: ModelPipeline,
        folder: String, fingerprint: String = "", precision: Precision, batch: Int? = nil, speculativeTokens: Int? = nil, threads: Int? = nil,
        determinism: DeterminismLevel? = nil, vaeTiling: Bool = false, stepCache: Float? = nil, ranks: Int? = nil, division: PassDivision? = nil,
        hcclTimeout: Int? = nil, memory: [[MemoryItem]] = []
    ) {
        precondition(!devices.isEmpty && (memory.isEmpty || memory.count == devices.count), "\(memory.count) lists of \(devices.count) devices")
        self.kind = kind
        self.instance = instance
        self.devices = devices
        self.model = model
        self.pipeline = pipeline
        self.folder = folder
        self.fingerprint = fingerprint
        self.precision = precision
        self.batch = batch
        self.speculativeTokens = speculativeTokens
        self.threads = threads
        self.determinism = determinism
        self.vaeTiling = vaeTiling
        self.stepCache = stepCache
        self.ranks = ranks
        self.division = division
        self.hcclTimeout = hcclTimeout
        self.memory = memory
    }

    /// Whether it is one that a plan makes. A decoded one may be anything.
    public var isSound: Bool {
        !devices.isEmpty && (memory.isEmpty || memory.count == devices.count) && memory.joined().allSatisfy { $0.bytes >= 0 }
            && [batch, threads].allSatisfy { $0 ?? 1 > 0 } && DecoderSizes.speculation.contains(speculativeTokens ?? 0)
            && RequestLimits.stepCache.contains(stepCache ?? 0) && isDivisionSound
            && Collectives.timeouts.contains(hcclTimeout ?? Collectives.timeout) && devices.count % (ranks ?? 1) == 0
    }

    private var isDivisionSound: Bool {
        guard let division, let ranks else { return division == nil && ranks == nil }
        return kind.descriptor.divisions.contains(division) && division.choices.contains(ranks)
    }

    /// As people name it: `text-0`.
    public var name: String { "\(kind)-\(instance)" }
    /// The main device.
    public var device: DeviceID { devices[0] }
    public var folderURL: URL { URL(fileURLWithPath: folder, isDirectory: true) }

    /// What it takes of its device number `index`.
    public func items(_ index: Int = 0) -> [MemoryItem] { memory.indices.contains(index) ? memory[index] : [] }
    /// Bytes that it takes of its main device when it is alone there.
    public var bytes: Int { items().bytes }
}

// How its process is started.
extension StageSpec {
    /// Flags of its program beside those that all stages of a fleet share. A stage takes what was planned for it, not what its
    /// own defaults would.
    public var arguments: [String] {
        var arguments = [
            "--instance", instance, "--model", folder, "--model-name", model, "--device", devicesInProcess.list, "--precision", precision.rawValue,
        ]
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let batch { arguments += ["--batch", "\(batch)"] }
        if let speculativeTokens { arguments += ["--speculative-tokens", "\(speculativeTokens)"] }
        if let cache = size(.keysAndValues) { arguments += ["--kv-cache", cache.flag] }
        if let cache = size(.sourceCache) { arguments += ["--condition-cache", cache.flag] }
        if let determinism { arguments += ["--deterministic", "\(determinism)"] }
        if kind.descriptor.options.contains(.vaeTiling) { arguments.append(vaeTiling ? "--vae-tiling" : "--no-vae-tiling") }
        if let stepCache { arguments += ["--step-cache", "\(stepCache)"] }
        if let ranks, let division { arguments += [division.flag, "\(ranks)"] }
        if let hcclTimeout { arguments += ["--hccl-timeout", "\(hcclTimeout)"] }
        return arguments
    }

    /// What its process has in its environment beside the gateway's own. The runtime hides all other accelerators from it.
    public var environment: [String: String] {
        let exchange = ranks ?? 1 > 1 ? Collectives.environment(timeout: hcclTimeout) : [:]
        return VisibleDevices(devices).environment.merging(exchange) { own, _ in own }
    }

    /// Its devices as its process numbers them.
    private var devicesInProcess: [DeviceID] { devices.compactMap(VisibleDevices(devices).inProcess) }

    private func size(_ item: MemoryItem.Item) -> ByteCount? { items().first { $0.item == item }.map { ByteCount($0.bytes) } }
}

extension [StageSpec] {
    /// Bytes that stages take together of the main device that they share: pages of a file that several map count once.
    var bytesTogether: Int {
        var shared: Set<String> = []
        // Each kind has tensors of its own in a model's files.
        return ByteCount.sum(
            map { stage in stage.items().filter { !$0.isShared || shared.insert("\(stage.kind) \(stage.folder)").inserted }.bytes })
    }
}
