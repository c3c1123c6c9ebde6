import Processes
public import Logging
public import Domain
public import ServerKit
public import Wire

/// The stages that this gateway knows: it looks where they are, asks what they are, has them prove that they work, and gives
/// their slots to requests.
public actor Fleet {
    struct Link {
        let connection: StageConnection
        let following: Task<Void, Never>
        let wakeUp: AsyncStream<Void>.Continuation
        var pulse: Pulse
        var timer: Task<Void, Never>?
    }

    struct Waiting {
        let wish: Dispatch.Wish
        let turn: Promise<Result<Lease, CallError>>
    }

    private let folder: RunDirectory
    private let remote: [Address]
    let timing: FleetTiming
    let logger: Logger
    var registry: Registry
    var dispatch = Dispatch()
    var forecast = Forecast()
    var links: [Address: Link] = [:]
    var waiting: [Dispatch.ID: Waiting] = [:]
    private var changes: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastChange = 0
    var expected: Set<StageKind> = []
    var condemn: @Sendable (Registry.Replica, String) async -> Void = { _, _ in }
    var done: [StageKind: Int] = [:]
    var retries = 0

    /// - Parameters:
    ///   - folder: every socket in it that is not a gateway's is a stage.
    ///   - remote: stages elsewhere.
    ///   - pipeline: fingerprints of the models that requests are computed by; a kind that is not named takes what most stages serve.
    public init(
        folder: RunDirectory, remote: [Address] = [], pipeline: [StageKind: String] = [:], timing: FleetTiming = FleetTiming(), logger: Logger
    ) {
        self.folder = folder
        self.remote = remote
        self.timing = timing
        self.logger = logger
        registry = Registry(place: "with --run-directory \(folder.path)")
        registry.pipeline = pipeline
    }

    /// Keeps the fleet known until the task is cancelled.
    public func run() async throws {
        defer { follow([]) }
        for await _ in try FolderWatch.changes(in: folder) {
            let local = folder.sockets().filter { $0.kind != "gateway" }.map(\.address)
            follow(Set(local + remote))
        }
    }

    // MARK: What others want to know

    /// Returns when `holds` is true of the stages, or the task is cancelled.
    func until(_ holds: @Sendable (Registry) -> Bool) async {
        lastChange += 1
        let id = lastChange
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        changes[id] = continuation
        defer { changes[id] = nil }
        continuation.yield()
        for await _ in stream where holds(registry) { return }
    }

    /// Returns when each of the kinds has a stage that serves, or the task is cancelled.
    public func served(_ kinds: Set<StageKind>) async {
        await until { registry in kinds.allSatisfy { !registry.candidates($0, model: registry.pipeline[$0]).isEmpty } }
    }

    func stages() -> Registry { registry }

    /// Why no picture can be made now: a kind of stage that is to run and does not serve. Nil when all do.
    public func readiness(_ kinds: Set<StageKind>) -> String? {
        kinds.sorted().first { registry.candidates($0, model: registry.pipeline[$0]).isEmpty }.map { registry.missing($0).message }
    }

    func pipeline(for kinds: [StageKind]) throws(CallError) -> Pipeline { try registry.pipeline(for: kinds, expected: expected) }

    /// Side in pixels of the picture that the fleet's model draws best.
    func defaultSide() -> Int { registry.defaultSide }

    /// Seconds until a request that arrives now is done; nil when nothing is known yet.
    func finish(_ units: [StageKind: Forecast.Units], ahead: [StageKind: Int]) -> Double? {
        forecast.finish(units, ahead: { ahead[$0] ?? 0 }, slots: slots)
    }

    func running(at address: Address) -> Int { dispatch.running(at: address) }

    func queues() -> [QueueStatus] {
        StageKind.allCases.map {
            QueueStatus(
                kind: $0.rawValue, waiting: dispatch.waiting($0), running: dispatch.running($0), slots: slots($0),
                seconds: forecast.seconds($0), done: done[$0] ?? 0)
        }
    }

    /// What is known of every stage; those that answer are asked anew, so that their counts are of now.
    func status() async -> [StageStatus] {
        await withTaskGroup(of: (Address, StageDescription?).self) { group in
            for (address, link) in links {
                group.addTask { (address, try? await StageClient(link.connection).describe(CallSettings(timeout: .seconds(1)))) }
            }
            for await (address, description) in group {
                if let description { registry.counted(address, description) }
            }
        }
        return registry.listing.map {
            StageStatus(
                address: "\($0.address)", health: $0.serves ? .serving : $0.health == .serving ? .notServing : $0.health, description: $0.description,
                problem: $0.problem.isEmpty && !$0.proved ? "is being proved" : $0.problem, inFlight: dispatch.running(at: $0.address))
        }
    }

    // MARK: What others decide

    /// Tells of the supervisor's stages.
    /// - Parameters:
    ///   - kinds: come back when they are gone.
    ///   - troubles: why stages of a kind don't come back.
    ///   - condemn: ends a stage that doesn't work, so that another takes its place.
    func expect(_ kinds: Set<StageKind>, troubles: [StageKind: String], condemn: @escaping @Sendable (Registry.Replica, String) async -> Void) {
        expected = kinds
        registry.troubles = troubles
        self.condemn = condemn
        changed()
    }

    /// Requests that a stage's process has answered, and whether it has ever proved that it works.
    func record(of name: String, process: Int) -> (answered: Int, proved: Bool) {
        let replica = registry.listing.first { $0.name == name && $0.description?.processID == process }
        return (replica?.done ?? 0, replica?.hasProved ?? false)
    }

    /// The models that the pipeline consists of from now on; who waits for an old one waits for the new one instead.
    func setPipeline(_ fingerprints: [StageKind: String]) {
        for (kind, model) in fingerprints { dispatch.move(kind, to: model) }
        registry.pipeline = fingerprints
        changed()
    }

    /// The model that the pipeline's stages of the kind must have; nil: nobody has said.
    func model(_ kind: StageKind) -> String? { registry.pipeline[kind] }

    /// The connection to a stage, by its name.
    func connection(of name: String) -> (replica: Registry.Replica, connection: StageConnection)? {
        guard let replica = registry.listing.first(where: { $0.name == name }), let link = links[replica.address] else { return nil }
        return (replica, link.connection)
    }

    func changed() {
        for change in changes.values { change.yield() }
        advance()
    }
}
