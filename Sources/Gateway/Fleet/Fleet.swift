import Processes
public import Logging
public import Domain
public import ServerKit
public import TLS
import Wire

/// The stages that this gateway knows: it looks where they are, asks what they are, probes whether they work, and gives their
/// slots to requests.
public actor Fleet {
    struct Link {
        let connection: StageConnection
        let following: Task<Void, Never>
        let wakeUp: AsyncStream<Void>.Continuation
        var probes: ProbeSchedule
        var timer: Task<Void, Never>?
    }

    struct Waiting {
        let request: SlotRequest
        let remainder: Remainder
        /// It waits so long though no stage will take it.
        let hopesUntil: ContinuousClock.Instant
        let turn: Promise<Result<SlotLease, CallError>>
        let places: AsyncStream<Int>.Continuation
        /// Requests before it, as it was told last.
        var ahead: Int?
    }

    private let folder: RunDirectory
    /// Stages elsewhere.
    let origins: [StageOrigin]
    /// What the names among them stand for.
    var answers: [StageName: NameAnswer] = [:]
    let tls: ClientTLS?
    let timing: FleetTiming
    let logger: Logger
    var registry: Registry
    var scheduler = SlotScheduler()
    /// By the model's name: units of different models cost differently.
    var forecasts: [String: Forecast] = [:]
    var links: [Address: Link] = [:]
    var waiting: [SlotScheduler.ID: Waiting] = [:]
    /// By the slots, tells who has one that it is wanted.
    var spares: [SlotScheduler.ID: Promise<Void>] = [:]
    /// Who waits for changes: of the stage at an address, or of any.
    private var watchers: [Address?: [Int: AsyncStream<Void>.Continuation]] = [:]
    private var lastWatcher = 0
    /// Runs while some wait for what doesn't come.
    var hopelessWaits: Task<Void, Never>?
    /// Runs while places have changed that were not told.
    var tellingPlaces: Task<Void, Never>?
    var expected: Set<StageKind> = []
    /// Addresses of processes that the supervisor keeps.
    var kept: Set<Address> = []
    /// Sockets in the run directory, apart from those.
    var found: Set<Address> = []
    let keepKinds: @Sendable ([String: Set<StageKind>]) -> Void
    private var isListed = true
    /// Nobody is to be known any more.
    var isEnding = false
    var replace: @Sendable (Registry.Replica, Defect) async -> Void = { _, _ in }
    var done: [StageKind: Int] = [:]
    var retries = 0

    /// - Parameters:
    ///   - folder: every socket in it that is not a gateway's is a stage.
    ///   - origins: stages elsewhere.
    ///   - needed: kinds without which the gateway is not ready.
    ///   - keepKinds: keeps ``NeededKinds/told`` for the next gateway.
    ///   - tls: for stages elsewhere that speak it.
    ///   - models: by name, the fingerprint that each kind of stage must have; empty: what most stages serve.
    ///   - pipelines: by the model's name; of others what their stages tell counts.
    ///   - mixing: what becomes of stages whose numerics differ.
    public init(
        folder: RunDirectory, origins: [StageOrigin] = [], needed: NeededKinds = NeededKinds(),
        keepKinds: @escaping @Sendable ([String: Set<StageKind>]) -> Void = { _ in }, tls: ClientTLS? = nil,
        models: [String: [StageKind: String]] = [:], pipelines: [String: PipelineID] = [:],
        mixing: NumericsMixing = .standby, timing: FleetTiming = FleetTiming(), logger: Logger
    ) {
        self.folder = folder
        self.origins = origins
        self.keepKinds = keepKinds
        self.tls = tls
        self.timing = timing
        self.logger = logger
        registry = Registry(place: "with --run-directory \(folder.path)", mixing: mixing)
        registry.models = models
        registry.pipelines = pipelines
        registry.needed = needed
        for case .name(let name) in origins { registry.unresolved[name] = NameAnswer().problem }
    }

    /// Keeps the fleet known until the task is cancelled.
    /// - Throws: `ServerKitError` when the run directory is gone, and with it the address of this gateway.
    public func run() async throws {
        defer {
            kept = []
            isEnding = true
            update([])
        }
        for await _ in FolderWatch.changes(in: folder, logger: logger) {
            while !(try look()) { try await Task.sleep(for: FolderWatch.pollInterval) }
        }
    }

    /// Looks which stages there are.
    /// - Returns: false when the run directory can't be listed now: then those that are known stay so.
    private func look() throws -> Bool {
        guard folder.exists else {
            throw ServerKitError(.runDirectory, "run directory \(folder.path) was removed or renamed while the gateway was running")
        }
        do {
            update(Set(try folder.sockets().filter { $0.kind != "gateway" }.map(\.address)))
            isListed = true
        } catch {
            if isListed { logger.error("run directory can't be listed", metadata: ["path": "\(folder.path)", "problem": "\(error)"]) }
            isListed = false
        }
        return isListed
    }

    // MARK: What others want to know

    /// Returns when `holds` is true of the stages, or the task is cancelled.
    /// - Parameter address: of the stage whose changes count; nil: all do.
    func until(at address: Address? = nil, _ holds: @Sendable (Registry) -> Bool) async {
        lastWatcher += 1
        let id = lastWatcher
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        watchers[address, default: [:]][id] = continuation
        defer {
            watchers[address]?[id] = nil
            if watchers[address]?.isEmpty == true { watchers[address] = nil }
        }
        continuation.yield()
        for await _ in stream where holds(registry) { return }
    }

    /// Returns when each of the kinds has a stage that serves, or the task is cancelled.
    public func served(_ kinds: Set<StageKind>) async {
        await until { registry in registry.requirements(kinds).allSatisfy { registry.hasCandidates($0.kind, model: $0.model) } }
    }

    func stages() -> Registry { registry }

    /// The models of a request; see ``Registry/modelSet(named:within:pipeline:for:expected:)``.
    func modelSet(named name: String, within allowed: [String], pipeline: PipelineID, for kinds: [StageKind]) throws(CallError) -> ModelSet {
        try registry.modelSet(named: name, within: allowed, pipeline: pipeline, for: kinds, expected: expected)
    }

    /// Refuses more than the stages of a model allow; see ``Registry/refusal(ofStepCache:model:)``.
    func checkStepCache(_ value: Float, _ models: ModelSet) throws(CallError) {
        if let error = registry.refusal(ofStepCache: value, model: fingerprint(.diffusion, of: models)) { throw error }
    }

    /// What is refused of questions to a model.
    func questionRules(_ models: ModelSet) -> QuestionRules { registry.questionRules { fingerprint($0, of: models) } }

    /// Side in pixels of the picture that the fleet's model draws best.
    func defaultSide() -> Int { registry.defaultSide }

    /// What a request would take that arrives now.
    /// - Parameters:
    ///   - models: that compute it.
    ///   - ahead: what is before it.
    /// - Returns: its own computation, where that of a usual request is 1, and seconds until it is done; nil when nothing is known.
    func outlook(
        _ units: [StageKind: Forecast.Units], _ models: ModelSet, ahead: [StageKind: Forecast.Line]
    ) -> (cost: Double, finish: Double)? {
        let now = ContinuousClock.now, forecast = forecast(models.name)
        let capacity = { kind in self.registry.capacity(kind, model: self.fingerprint(kind, of: models)) }
        guard let own = forecast.need(units, now: now), let finish = forecast.finish(units, ahead: ahead, capacity: capacity, now: now) else {
            return nil
        }
        let usual = units.keys.reduce(0) { $0 + forecast.seconds($1) }
        return (usual > 0 ? own.seconds / usual : 1, finish)
    }

    func forecast(_ model: String) -> Forecast { forecasts[model] ?? Forecast() }

    func running(at address: Address) -> Int { scheduler.running(at: address) }

    func queues() -> [QueueStatus] {
        StageKind.allCases.map {
            QueueStatus(
                kind: $0.rawValue, waiting: scheduler.waiting($0), running: scheduler.running($0), slots: registry.capacity($0).slots,
                seconds: meanSeconds($0), done: done[$0] ?? 0)
        }
    }

    /// Asks every stage for its counts, so that those that answer tell them as they are now.
    func count() async {
        await withTaskGroup(of: (Address, StageDescription?).self) { group in
            for (address, link) in links {
                group.addTask { (address, try? await StageClient(link.connection).describe(CallSettings(timeout: .seconds(1)))) }
            }
            for await (address, description) in group {
                if let description { registry.counted(address, description) }
            }
        }
    }

    // MARK: What others decide

    /// Tells of the supervisor's stages.
    /// - Parameters:
    ///   - kinds: come back when they are gone.
    ///   - absences: why a stage of a kind does not run.
    ///   - kept: where its processes answer, or should.
    ///   - replace: ends a stage that doesn't work, so that another takes its place.
    func expect(
        _ kinds: Set<StageKind>, absences: [StageKind: String], kept: Set<Address>,
        replace: @escaping @Sendable (Registry.Replica, Defect) async -> Void
    ) {
        expected = kinds
        registry.absences = absences
        self.kept = kept
        self.replace = replace
        update(found)
    }

    /// Whether a process has ever said what it is.
    func hasHeard(process: Int, at address: Address) -> Bool { registry.replicas[address]?.description?.processID == process }

    /// Requests that a stage's process has answered, and whether it has ever passed a probe.
    func record(of address: Address, process: Int) -> (answered: Int, passedProbe: Bool) {
        guard let replica = registry.replicas[address], replica.description?.processID == process else { return (0, false) }
        return (replica.done, replica.hasPassedProbe)
    }

    /// The stages of one kind of a model have another checkpoint from now on; who waits for the old one waits for the new one instead.
    /// - Returns: all models after it.
    func setFingerprint(_ fingerprint: String, of kind: StageKind, model: String) -> [String: [StageKind: String]] {
        if let old = registry.models[model, default: [:]].updateValue(fingerprint, forKey: kind) {
            scheduler.move(kind, of: model, from: old, to: fingerprint)
        }
        changed()
        return registry.models
    }

    /// What stages of the kind must have for a request that was accepted with `models`.
    func fingerprint(_ kind: StageKind, of models: ModelSet) -> String? {
        registry.models[models.name]?[kind] ?? models.fingerprints[kind]
    }

    /// The numerics that a request has by preference on stages of the kind and model.
    func numerics(_ kind: StageKind, model: String?) -> Numerics? { registry.preferredNumerics(kind, model: model) }

    /// The connection to a stage.
    func connection(to address: Address) -> StageConnection? { links[address]?.connection }

    func changed() {
        for watcher in (watchers[nil] ?? [:]).values { watcher.yield() }
        advance()
        endHopelessWaits()
    }

    /// Tells of the stages that have changed those whom it concerns: thousands of calls may be under way at others.
    func passOnChanges() {
        let changed = registry.takeChanged()
        guard !changed.isEmpty else { return }
        scheduler.know(changed, registry)
        endHopelessWaits()
        for address in changed { for watcher in (watchers[address] ?? [:]).values { watcher.yield() } }
    }
}
