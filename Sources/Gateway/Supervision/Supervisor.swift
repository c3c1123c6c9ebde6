public import Placement
public import Processes
import Domain
import Glibc
public import Logging
public import ServerKit
import Tracing
import Wire

/// Keeps the stages of a plan alive: starts them, finds those that an earlier gateway left, starts again what ends.
public actor Supervisor {
    private let folder: RunDirectory
    private let fleet: Fleet
    private let common: [String]
    private let lifeline: Bool
    private let startLimit: Int
    private let logger: Logger
    private var kept: [String: KeptStage] = [:]
    /// Processes that are leaving by themselves, by stage: no longer kept, but not yet gone.
    private var leaving: [String: (process: StageProcess, address: Address)] = [:]
    private let failure = Promise<String>()

    /// - Parameters:
    ///   - common: flags that all stages get.
    ///   - lifeline: stages end with this process, however it ends, and one that can't start is not tried again; else they
    ///     live on for the next gateway.
    public init(folder: RunDirectory, fleet: Fleet, common: [String], lifeline: Bool, logger: Logger) {
        self.folder = folder
        self.fleet = fleet
        self.common = common
        self.lifeline = lifeline
        startLimit = lifeline ? 1 : Supervision.limit
        self.logger = logger
    }

    /// Set when a stage has been abandoned, with the reason.
    public nonisolated var firstFailure: Promise<String> { failure }

    public var specs: [StageSpec] { kept.values.map(\.spec).sorted { ($0.kind, $0.instance) < ($1.kind, $1.instance) } }

    /// How often each stage, by name, was started again.
    public var restarts: [String: Int] { kept.mapValues(\.machine.restarts) }

    /// Stages that don't run, with the reason.
    var absences: [(spec: StageSpec, address: Address, reason: String)] {
        kept.values.compactMap { stage in stage.absence.map { (stage.spec, address(of: stage.spec), $0) } }
    }

    /// Why a stage does not run; empty when nothing is known.
    func problem(of name: String) -> String { kept[name]?.problem ?? "" }

    /// Returns when the stage has been abandoned or is not kept, or the task is cancelled.
    func givenUp(_ name: String) async {
        while let stage = kept[name], stage.machine.phase != .givenUp {
            guard await stage.gaveUp.value != nil else { return }
        }
    }

    /// Keeps one more stage; one that is kept already and was abandoned is tried again.
    public func keep(_ spec: StageSpec) async {
        if kept[spec.name] == nil { kept[spec.name] = KeptStage(spec: spec, startLimit: startLimit) }
        kept[spec.name]?.gaveUp = Promise()
        // The stage outlives the call that wants it, and does not belong to that call's trace.
        await ServiceContext.withValue(nil) {
            await handle(.start, spec.name)
            await tellFleet()
        }
    }

    /// Ends one stage for good. Returns when its process and its files are gone; at once for one that is not kept.
    /// - Parameter grace: for what it has in flight; then it is killed.
    public func retire(_ name: String, grace: Duration) async {
        guard let stage = kept.removeValue(forKey: name) else { return }
        await tellFleet()
        await stage.process?.stop(grace: grace)
        ListeningSocket.removeLeftovers(of: address(of: stage.spec))
    }

    /// The stage is leaving by itself, as it was asked to: it is not to be started again.
    /// - Returns: set when its process is gone; nil for one that is not kept.
    func release(_ name: String) async -> Promise<String>? {
        guard let stage = kept.removeValue(forKey: name) else { return nil }
        leaving[name] = stage.process.map { ($0, address(of: stage.spec)) }
        await tellFleet()
        return stage.process?.ended
    }

    /// Ends all.
    public func stop(grace: Duration) async {
        let stages = Array(kept.values)
        kept = [:]
        await withTaskGroup(of: Void.self) { group in
            for stage in stages {
                let address = address(of: stage.spec)
                group.addTask {
                    await stage.process?.stop(grace: grace)
                    ListeningSocket.removeLeftovers(of: address)
                }
            }
        }
    }

    private func address(of spec: StageSpec) -> Address { folder.address(kind: spec.kind.rawValue, instance: spec.instance) }

    /// A stage that does not work is ended, so that another takes its place. Others' stages are left alone.
    private func replace(_ replica: Registry.Replica, _ defect: Defect) {
        let processes = [kept[replica.name]?.process, leaving[replica.name]?.process].compactMap { $0 }
        guard let process = processes.first(where: { Int($0.processID) == replica.description?.processID }),
            replica.kind.map({ folder.address(kind: $0.rawValue, instance: replica.instance) }) == replica.address
        else { return }
        end(process, of: replica.name, defect)
    }

    private func end(_ process: StageProcess, of name: String, _ defect: Defect) {
        logger.error("stage is killed", metadata: ["stage": "\(name)", "process": "\(process.processID)", "problem": "\(defect)"])
        if kept[name]?.process?.processID == process.processID { kept[name]?.defect = defect }
        process.send(SIGKILL)
    }

    private func handle(_ event: Supervision.Event, _ name: String) async {
        guard let action = kept[name]?.machine.handle(event), let stage = kept[name] else { return }
        switch action {
        case .none:
            break
        case .spawn:
            kept[name]?.abandonment = nil
            await spawn(stage.spec)
        case .pause(let pause):
            Task {
                try? await Task.sleep(for: pause)
                await handle(.pauseOver, name)
                await tellFleet()
            }
        case .giveUp(let failures):
            let text = stage.abandoned(after: failures)
            logger.error("stage is abandoned", metadata: ["stage": "\(name)", "problem": "\(text)"])
            kept[name]?.abandonment = text
            stage.gaveUp.fulfil(())
            failure.fulfil(text)
        }
    }

    private func spawn(_ spec: StageSpec) async {
        let name = spec.name
        do {
            let process: StageProcess
            if let found = await adopted(spec) {
                process = found
            } else {
                guard kept[name]?.spec == spec else { return }
                process = try StageProcess.start(spec, common: common, lifeline: lifeline)
                logger.info("stage started", metadata: ["stage": "\(name)", "process": "\(process.processID)", "device": "\(spec.devices.list)"])
            }
            kept[name]?.process = process
            kept[name]?.since = .now
            watch(process, name, at: address(of: spec))
        } catch {
            let problem = String(error.message.trimmingPrefix("\(name) "))
            // Told once: nothing else changes until the system has something left again.
            if kept[name]?.problem != problem { logger.error("stage can't be started", metadata: ["stage": "\(name)", "problem": "\(problem)"]) }
            kept[name]?.problem = problem
            await handle(error.code == .noResources ? .starved : .ended(worked: false), name)
        }
    }

    /// A process of the stage that an earlier gateway has left; one with another model is ended.
    private func adopted(_ spec: StageSpec) async -> StageProcess? {
        guard let (found, description) = await StageProcess.find(at: address(of: spec)) else { return nil }
        let model = "\(description.modelName) \(description.modelFingerprint)"
        let isOther = !description.modelFingerprint.isEmpty && !spec.fingerprint.isEmpty && description.modelFingerprint != spec.fingerprint
        guard !isOther else {
            logger.warning("stage has another model", metadata: ["stage": "\(spec.name)", "model": "\(model)"])
            await found.stop(grace: .seconds(30))
            return nil
        }
        logger.info("running stage adopted", metadata: ["stage": "\(spec.name)", "process": "\(found.processID)", "model": "\(model)"])
        return found
    }

    private func watch(_ process: StageProcess, _ name: String, at address: Address) {
        Task {
            guard await process.ready.value != nil else { return }
            await handle(.ready, name)
        }
        Task {
            guard let words = await process.ended.value else { return }
            await ended(process, name, words)
        }
        Task {
            // Who has never said what it is isn't known to the fleet, which would notice its silence.
            repeat { try? await Task.sleep(for: fleet.timing.silenceLimit) } while Shortage.ofDescriptors != nil
            guard process.ended.current == nil, !(await fleet.hasHeard(process: Int(process.processID), at: address)) else { return }
            end(process, of: name, .silent("has not answered since it was started"))
        }
    }

    private func ended(_ process: StageProcess, _ name: String, _ words: String) async {
        if let left = leaving[name], left.process.processID == process.processID {
            leaving[name] = nil
            ListeningSocket.removeLeftovers(of: left.address)
        }
        guard let stage = kept[name], stage.process?.processID == process.processID else { return }
        logger.error(
            "stage ended",
            metadata: ["stage": "\(name)", "process": "\(process.processID)", "device": "\(stage.spec.devices.list)", "exit": "\(words)"])
        let (answered, passedProbe) = await fleet.record(of: address(of: stage.spec), process: Int(process.processID))
        let worked = answered > 0 || (process.ready.current != nil && stage.since.duration(to: .now) > .seconds(60))
        guard kept[name]?.process?.processID == process.processID else { return }
        let defect = kept[name]?.defect
        kept[name]?.process = nil
        kept[name]?.defect = nil
        kept[name]?.problem = defect?.description ?? words
        ListeningSocket.removeLeftovers(of: address(of: stage.spec))
        var failedProbe = false
        if case .failedProbe = defect { failedProbe = true }
        await handle(.ended(worked: worked, passedProbe: passedProbe, failedProbe: failedProbe), name)
        await tellFleet()
    }

    private func tellFleet() async {
        let alive = kept.values.filter { $0.machine.phase != .givenUp }
        let running = kept.values.filter { $0.process != nil }
        await fleet.expect(
            Set(alive.map(\.spec.kind)), absences: Dictionary(absences.map { ($0.spec.kind, $0.reason) }, uniquingKeysWith: { first, _ in first }),
            kept: Set(running.map { address(of: $0.spec) }), replace: { [weak self] in await self?.replace($0, $1) })
    }
}
