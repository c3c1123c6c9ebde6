public import Logging
public import Requests
public import StageKit
public import Wire

/// The stages that this gateway knows: it looks where they are, asks what they are, has them prove that they work, and gives
/// their slots to requests.
public actor Fleet {
    private struct Link {
        let connection: StageConnection
        let following: Task<Void, Never>
        let wakeUp: AsyncStream<Void>.Continuation
        var pulse: Pulse
        var timer: Task<Void, Never>?
    }

    private struct Waiting {
        let wish: Dispatch.Wish
        let turn: Promise<Result<Lease, CallError>>
    }

    private let folder: RunDirectory
    private let remote: [Address]
    private let timing: FleetTiming
    private let logger: Logger
    private var registry: Registry
    private var dispatch = Dispatch()
    private var forecast = Forecast()
    private var links: [Address: Link] = [:]
    private var waiting: [Dispatch.ID: Waiting] = [:]
    private var changes: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastChange = 0
    private var expected: Set<StageKind> = []
    private var troubles: [StageKind: String] = [:]
    private var condemn: @Sendable (Registry.Replica, String) async -> Void = { _, _ in }
    private var done: [StageKind: Int] = [:]
    private(set) var retries = 0

    /// - Parameters:
    ///   - folder: every socket in it that is not a gateway's is a stage.
    ///   - remote: stages elsewhere.
    ///   - pipeline: fingerprints of the models that requests are computed by; a kind that is not named takes what most stages serve.
    public init(folder: RunDirectory, remote: [Address] = [], pipeline: [StageKind: String] = [:], timing: FleetTiming = FleetTiming(), logger: Logger) {
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
        kinds.sorted().first { registry.candidates($0, model: registry.pipeline[$0]).isEmpty }.map { missing($0).message }
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
                if let description, let replica = registry.replicas[address] { registry.heard(address, description, replica.health) }
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
        self.troubles = troubles
        self.condemn = condemn
        changed()
    }

    /// Requests that a stage's process has answered.
    func answers(of name: String, process: Int) -> Int {
        registry.listing.first { $0.name == name && $0.description?.processID == process }?.done ?? 0
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

    // MARK: Slots

    /// Waits for the request's turn.
    /// - Parameter patience: how long to wait while no stage of the kind serves and none is expected.
    /// - Throws: UNAVAILABLE after `patience`; `CancellationError`.
    func slot(_ wish: Dispatch.Wish, patience: Duration) async throws -> Lease {
        if patience == .zero, isHopeless(wish) { throw missing(wish.kind) }
        let id = dispatch.wish(wish)
        let turn = Promise<Result<Lease, CallError>>()
        waiting[id] = Waiting(wish: wish, turn: turn)
        advance()
        let patience = Task {
            try await Task.sleep(for: max(patience, .seconds(1)))
            while true {
                if isHopeless(wish) { turn.fulfil(.failure(missing(wish.kind))) }
                try await Task.sleep(for: .seconds(1))
            }
        }
        defer { patience.cancel() }
        guard let result = await turn.value else {
            leave(id)
            throw CancellationError()
        }
        switch result {
        case .success(let lease): return lease
        case .failure(let error):
            leave(id)
            throw error
        }
    }

    /// The stage has answered.
    func answered(_ lease: Lease, units: Forecast.Units, seconds: Double) {
        if let kind = lease.replica.kind {
            forecast.learn(kind, units, seconds: seconds)
            done[kind, default: 0] += 1
        }
        registry.answered(lease.replica.address)
        links[lease.replica.address]?.pulse.answered(now: .now)
        leave(lease.id)
    }

    /// The stage has failed; it gets no more requests before it has proved that it works.
    func failed(_ lease: Lease) {
        retries += 1
        registry.doubt(lease.replica.incarnation)
        links[lease.replica.address]?.pulse.doubted()
        links[lease.replica.address]?.wakeUp.yield()
        leave(lease.id)
    }

    /// The stage has not made anything for too long.
    func stalled(_ lease: Lease, _ problem: String) async {
        registry.lost(lease.replica.address, problem)
        await condemn(lease.replica, problem)
        failed(lease)
    }

    /// The slot is not needed any more; nothing was learnt.
    func leave(_ id: Dispatch.ID) {
        waiting[id] = nil
        dispatch.leave(id)
        advance()
    }

    private func isHopeless(_ wish: Dispatch.Wish) -> Bool {
        guard registry.candidates(wish.kind, model: wish.model).isEmpty, !expected.contains(wish.kind) else { return false }
        let comes = registry.replicas.values.contains { $0.kind == wish.kind && $0.problem.isEmpty && !$0.proved }
        return !comes
    }

    private func missing(_ kind: StageKind) -> CallError {
        var error = registry.missing(kind)
        if let trouble = troubles[kind] { error.message += "; \(trouble)" }
        return error
    }

    private func advance() {
        for assignment in dispatch.assign(registry, seconds: { [forecast] in forecast.seconds($0.kind ?? .text) }) {
            guard let waiter = waiting.removeValue(forKey: assignment.id) else { continue }
            guard let replica = registry.replicas[assignment.address], let link = links[assignment.address] else {
                waiter.turn.fulfil(.failure(missing(waiter.wish.kind)))
                continue
            }
            waiter.turn.fulfil(.success(Lease(id: assignment.id, replica: replica, connection: link.connection)))
        }
    }

    private func slots(_ kind: StageKind) -> Int {
        registry.candidates(kind, model: registry.pipeline[kind]).reduce(0) { $0 + $1.slots }
    }

    private func changed() {
        for change in changes.values { change.yield() }
        advance()
    }

    // MARK: Stages come and go

    private func follow(_ addresses: Set<Address>) {
        let change = registry.know(addresses)
        for address in change.forget {
            logger.info("stage left", metadata: ["address": "\(address)"])
            links.removeValue(forKey: address)?.following.cancel()
        }
        for address in change.follow {
            do {
                let connection = try StageConnection(to: address)
                let (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                let following = Task { await self.follow(address, connection, wakeUps) }
                links[address] = Link(connection: connection, following: following, wakeUp: wakeUp, pulse: Pulse(interval: timing.probeInterval))
            } catch {
                registry.lost(address, "\(error)")
            }
        }
        changed()
    }

    /// Asks the stage what it is after every change of its health, for as long as it is to be known.
    private func follow(_ address: Address, _ connection: StageConnection, _ wakeUps: AsyncStream<Void>) async {
        let proving = Task { await prove(address, connection, wakeUps) }
        defer { proving.cancel() }
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled {
            do {
                try await ask(address, connection, .unknown)
                pause = .milliseconds(20)
                try await HealthClient(connection).watch { status in
                    try await self.ask(address, connection, status == .serving ? .serving : .notServing)
                }
                lost(address, "has ended")
            } catch let error as CallError {
                lost(address, "does not answer: \(error.message)")
            } catch {
                if !Task.isCancelled { lost(address, "does not answer: \(error)") }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Has the stage prove that it works: when it is new, when it is in doubt, and when it has not answered anything for long.
    private func prove(_ address: Address, _ connection: StageConnection, _ wakeUps: AsyncStream<Void>) async {
        for await _ in wakeUps {
            guard let replica = registry.replicas[address], let kind = replica.kind, replica.health == .serving, replica.problem.isEmpty,
                var pulse = links[address]?.pulse
            else { continue }
            // Work under way is a proof of its own: who waits for it sees whether it goes on.
            let busy = replica.proved && dispatch.running(at: address) > 0
            if let pause = busy ? timing.probeInterval : pulse.nextProbe(now: .now) {
                wake(address, after: pause)
                continue
            }
            do {
                do {
                    try await Probe.run(kind, connection, CallSettings(timeout: timing.stallLimit(replica.description?.device ?? "")))
                } catch let error as CallError where error.status == .resourceExhausted || error.status == .invalidArgument {
                    // An answer, if not to the question: it is alive, and full or choosy.
                }
                links[address]?.pulse.answered(now: .now)
                guard registry.replicas[address]?.incarnation == replica.incarnation else { continue }
                if !replica.proved { logger.info("stage serves", metadata: ["stage": "\(replica.name)", "address": "\(address)"]) }
                registry.proved(address)
                wake(address, after: timing.probeInterval)
                changed()
            } catch {
                if Task.isCancelled { return }
                pulse.failed()
                links[address]?.pulse = pulse
                // Its end is seen, and said, by the one who follows it.
                guard registry.replicas[address]?.incarnation == replica.incarnation, registry.replicas[address]?.health == .serving else { continue }
                let problem = "fails the smallest request: \((error as? CallError)?.message ?? "\(error)")"
                logger.warning("stage does not work", metadata: ["stage": "\(replica.name)", "problem": "\(problem)"])
                registry.doubt(replica.incarnation)
                changed()
                await condemn(replica, problem)
                wake(address, after: pulse.nextProbe(now: .now) ?? .milliseconds(100))
            }
        }
    }

    private func wake(_ address: Address, after pause: Duration) {
        guard let link = links[address] else { return }
        link.timer?.cancel()
        links[address]?.timer = Task {
            do { try await Task.sleep(for: pause) } catch { return }
            link.wakeUp.yield()
        }
    }

    private func ask(_ address: Address, _ connection: StageConnection, _ health: Health) async throws {
        let description = try await StageClient(connection).describe(CallSettings(timeout: .seconds(5)))
        registry.heard(address, description, health)
        if health != .unknown, let replica = registry.replicas[address], !replica.problem.isEmpty {
            logger.info("stage does not serve", metadata: ["stage": "\(replica.name)", "address": "\(address)", "problem": "\(replica.problem)"])
        }
        links[address]?.wakeUp.yield()
        changed()
    }

    private func lost(_ address: Address, _ problem: String) {
        if registry.replicas[address]?.health != .unknown { logger.warning("stage lost", metadata: ["address": "\(address)", "problem": "\(problem)"]) }
        registry.lost(address, problem)
        links[address]?.pulse.doubted()
        changed()
    }
}

/// The fleet's clocks.
public struct FleetTiming: Sendable, Hashable {
    /// A stage that has not answered anything for so long is asked to prove that it works.
    public var probeInterval: Duration
    /// A stage that makes nothing of a request for so long is replaced; nil: 2 minutes on a card, 10 on the CPU.
    public var stall: Duration?

    public init(probeInterval: Duration = .seconds(30), stall: Duration? = nil) {
        self.probeInterval = probeInterval
        self.stall = stall
    }

    func stallLimit(_ device: String) -> Duration { stall ?? (device == "cpu" ? .seconds(600) : .seconds(120)) }
}
