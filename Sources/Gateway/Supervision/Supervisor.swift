public import Placement
public import Processes
import Foundation
import Domain
import Glibc
public import Logging
public import ServerKit
import Wire

/// Keeps the stages of a plan alive: starts them, finds those that an earlier gateway left, starts again what ends.
public actor Supervisor {
    private struct Kept {
        var spec: StageSpec
        var machine: Supervision
        var process: StageProcess?
        var since = ContinuousClock.now
        /// Why it does not run.
        var problem = ""
        /// Set when the stage is abandoned; a stage that is tried again gets a new one.
        var gaveUp = Promise<Void>()
    }

    private let folder: RunDirectory
    private let fleet: Fleet
    private let common: [String]
    private let lifeline: Bool
    private let startLimit: Int
    private let logger: Logger
    private var kept: [String: Kept] = [:]
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
        if kept[spec.name] == nil { kept[spec.name] = Kept(spec: spec, machine: Supervision(startLimit: startLimit)) }
        kept[spec.name]?.gaveUp = Promise()
        await handle(.start, spec.name)
        await tellFleet()
    }

    /// Ends one stage for good. Returns when its process is gone; at once for one that is not kept.
    /// - Parameter grace: for what it has in flight; then it is killed.
    public func retire(_ name: String, grace: Duration) async {
        guard let stage = kept.removeValue(forKey: name) else { return }
        await tellFleet()
        await stage.process?.stop(grace: grace)
    }

    /// The stage is leaving by itself, as it was asked to: it is not to be started again.
    /// - Returns: set when its process is gone; nil for one that is not kept.
    func release(_ name: String) async -> Promise<String>? {
        guard let stage = kept.removeValue(forKey: name) else { return nil }
        await tellFleet()
        return stage.process?.ended
    }

    /// Ends all.
    public func stop(grace: Duration) async {
        let processes = kept.values.compactMap(\.process)
        kept = [:]
        await withTaskGroup(of: Void.self) { group in
            for process in processes { group.addTask { await process.stop(grace: grace) } }
        }
    }

    /// A stage that does not work is ended, so that another takes its place. Others' stages are left alone.
    private func replace(_ replica: Registry.Replica, _ problem: String) {
        guard let process = kept[replica.name]?.process, Int(process.processID) == replica.description?.processID else { return }
        logger.error(
            "stage is killed, to be replaced", metadata: ["stage": "\(replica.name)", "process": "\(process.processID)", "problem": "\(problem)"])
        process.send(SIGKILL)
    }

    private func handle(_ event: Supervision.Event, _ name: String) async {
        guard let action = kept[name]?.machine.handle(event), let spec = kept[name]?.spec else { return }
        switch action {
        case .none:
            break
        case .spawn:
            await spawn(spec)
        case .pause(let pause):
            logger.warning("stage will be restarted", metadata: ["stage": "\(name)", "after_ms": "\(pause.milliseconds)"])
            Task {
                try? await Task.sleep(for: pause)
                await handle(.pauseOver, name)
            }
        case .giveUp(let failures):
            let problem = kept[name]?.problem ?? ""
            let stage = spec.device.isHost ? name : "\(name) on \(spec.devices.list)"
            let text =
                failures == 1
                ? "\(stage) \(problem)" : "\(stage) exited \(failures) times in a row without a completed request; the last time it \(problem)"
            logger.error("stage is abandoned", metadata: ["stage": "\(name)", "problem": "\(text)"])
            kept[name]?.problem = text
            kept[name]?.gaveUp.fulfil(())
            failure.fulfil(text)
            await tellFleet()
        }
    }

    private func spawn(_ spec: StageSpec) async {
        let name = spec.name
        let address = folder.address(kind: spec.kind.rawValue, instance: spec.instance)
        do {
            let process: StageProcess
            var left = await StageProcess.find(at: address)
            if let (found, description) = left, !description.modelFingerprint.isEmpty, !spec.fingerprint.isEmpty,
                description.modelFingerprint != spec.fingerprint
            {
                logger.warning(
                    "stage has another model", metadata: ["stage": "\(name)", "model": "\(description.modelName) \(description.modelFingerprint)"])
                await found.stop(grace: .seconds(30))
                left = nil
            }
            if let (found, description) = left {
                logger.info(
                    "running stage adopted", metadata: ["stage": "\(name)", "process": "\(found.processID)", "model": "\(description.modelName)"])
                process = found
            } else {
                guard kept[name]?.spec == spec else { return }
                process = try StageProcess.start(spec, common: common, lifeline: lifeline)
                logger.info("stage started", metadata: ["stage": "\(name)", "process": "\(process.processID)", "device": "\(spec.devices.list)"])
            }
            kept[name]?.process = process
            kept[name]?.since = .now
            watch(process, name)
        } catch {
            kept[name]?.problem = error.message
            await handle(.ended(worked: false), name)
        }
    }

    private func watch(_ process: StageProcess, _ name: String) {
        Task {
            guard await process.ready.value != nil else { return }
            await handle(.ready, name)
        }
        Task {
            guard let words = await process.ended.value else { return }
            await ended(process, name, words)
        }
    }

    private func ended(_ process: StageProcess, _ name: String, _ words: String) async {
        guard let stage = kept[name], stage.process?.processID == process.processID else { return }
        logger.error(
            "stage ended",
            metadata: ["stage": "\(name)", "process": "\(process.processID)", "device": "\(stage.spec.devices.list)", "exit": "\(words)"])
        let (answered, passedProbe) = await fleet.record(of: name, process: Int(process.processID))
        let worked = answered > 0 || (process.ready.current != nil && stage.since.duration(to: .now) > .seconds(60))
        kept[name]?.process = nil
        kept[name]?.problem = words
        await handle(.ended(worked: worked, passedProbe: passedProbe), name)
    }

    private func tellFleet() async {
        let alive = kept.values.filter { $0.machine.phase != .givenUp }
        let givenUp = kept.values.filter { $0.machine.phase == .givenUp }.map { ($0.spec.kind, $0.problem) }
        await fleet.expect(
            Set(alive.map(\.spec.kind)), givenUp: Dictionary(givenUp, uniquingKeysWith: { first, _ in first }),
            replace: { [weak self] in await self?.replace($0, $1) })
    }
}
