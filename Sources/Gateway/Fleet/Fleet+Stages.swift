import Logging
import ServerKit
import Domain
import Processes
import Tracing
import Wire

/// Stages come, are probed, and go.
extension Fleet {
    /// These are the sockets of stages from now on: new ones are monitored, those that are gone are forgotten. Of those that the supervisor
    /// keeps, it knows better whether they are gone. What runs on a connection to one that is forgotten goes on there.
    func update(_ sockets: Set<Address>) {
        found = sockets
        let elsewhere = elsewhere
        let change = registry.know(sockets.union(kept.intersection(registry.replicas.keys)), elsewhere: elsewhere)
        for address in change.forget {
            logger.info("stage is gone from where it was", metadata: ["address": "\(address)"])
            links.removeValue(forKey: address)?.following.cancel()
        }
        for address in change.follow {
            do {
                let connection = try StageConnection(to: address, tls: tls, name: elsewhere[address]?.certificateName)
                let (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                // It outlives the call by which the stage came to be, and does not belong to that call's trace.
                let following = ServiceContext.withValue(nil) { Task { await self.monitor(address, connection, wakeUps) } }
                links[address] = Link(
                    connection: connection, following: following, wakeUp: wakeUp, probes: ProbeSchedule(interval: timing.probeInterval))
            } catch {
                registry.lost(address, "\(error)")
            }
        }
        changed()
    }

    /// Asks the stage what it is after every change of its health, for as long as it is to be known.
    private func monitor(_ address: Address, _ connection: StageConnection, _ wakeUps: AsyncStream<Void>) async {
        let probing = Task { await probe(address, connection, wakeUps) }
        let listening = Task { await listen(to: address, connection) }
        defer {
            probing.cancel()
            listening.cancel()
        }
        var pause = Duration.milliseconds(20)
        var health = Health.unknown
        while !Task.isCancelled {
            do {
                try await ask(address, connection, health)
                pause = .milliseconds(20)
                let loads = Task { await followLoad(of: address, connection) }
                defer {
                    loads.cancel()
                    scheduler.tells(address, nil)
                }
                try await HealthClient(connection).watch { status in
                    if status != .serving { await self.closed(address) }
                    try await self.ask(address, connection, status == .serving ? .serving : .notServing)
                }
                health = .unknown
                lost(address, "has ended")
            } catch {
                if Task.isCancelled { return }
                // A connection may end without its process.
                health = await stillServes(address, connection) ? .serving : .unknown
                if health != .serving { lost(address, "does not answer: \((error as? CallError)?.message ?? "\(error)")") }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// Sends the stage the smallest request: when it is new, when it is suspect, and when it has not answered anything for long.
    private func probe(_ address: Address, _ connection: StageConnection, _ wakeUps: AsyncStream<Void>) async {
        for await _ in wakeUps {
            guard let replica = registry.replicas[address], let kind = replica.kind, replica.health == .serving, replica.problem.isEmpty,
                let probes = links[address]?.probes
            else { continue }
            // Work under way is a proof of its own: who waits for it sees whether it goes on.
            let busy = replica.passedProbe && scheduler.running(at: address) > 0
            if let pause = busy ? timing.probeInterval : probes.nextProbe(now: .now) {
                wake(address, after: pause)
                continue
            }
            let outcome = await examine(replica, kind, connection)
            if Task.isCancelled { return }
            // A process that has taken its place meanwhile is asked for itself.
            guard registry.replicas[address]?.incarnation == replica.incarnation else { continue }
            switch outcome {
            case .failed(let finding):
                links[address]?.probes.failed(now: .now)
                // monitor() logs the exit.
                guard registry.replicas[address]?.health == .serving else { continue }
                let defect = Defect.failedProbe(finding)
                logger.warning("stage failed its health probe", metadata: ["stage": "\(replica.name)", "problem": "\(finding)"])
                registry.failedProbe(replica.incarnation, "\(defect)")
                changed()
                await replace(replica, defect)
            case .passed(let duration):
                links[address]?.probes.passed(in: duration, now: .now)
                registry.passedProbe(address)
                if !replica.passedProbe { tellServing(address) }
                changed()
            }
            wake(address, after: links[address]?.probes.nextProbe(now: .now) ?? .zero)
        }
    }

    /// A stage has passed its probe and did not serve before.
    private func tellServing(_ address: Address) {
        guard let replica = registry.replicas[address] else { return }
        var metadata: Logger.Metadata = ["stage": "\(replica.name)", "address": "\(address)", "numerics": "\(replica.numerics)"]
        if !replica.problem.isEmpty {
            metadata["problem"] = "\(replica.problem)"
            logger.warning("stage does not serve", metadata: metadata)
        } else if let note = registry.note(on: replica) {
            metadata["note"] = "\(note)"
            logger.warning("stages of one kind serve with different numerics: the same seed gives another image on the others", metadata: metadata)
        } else {
            logger.info("stage serves", metadata: metadata)
        }
    }

    /// Sends a stage the smallest request. One that is refused (busy, or request rejected) shows as well as one that succeeds that it responds.
    private func examine(_ replica: Registry.Replica, _ kind: StageKind, _ connection: StageConnection) async -> Probe.Outcome {
        guard let pipeline = replica.pipeline else {
            return .failed("its pipeline \(replica.description?.pipeline ?? "") is not known to this gateway")
        }
        let limit = timing.probe
        do {
            return .passed(
                in: try await Stall.watching(Heartbeat(), limit: limit, progress: { await Probe.progress(connection, within: limit / 4) }) {
                    try await self.whileAlive(replica.incarnation) { try await Probe.run(kind, pipeline, connection) }
                })
        } catch let stall as Stall {
            return .failed(stall.message)
        } catch let error as CallError {
            return error.status == .resourceExhausted || error.status == .invalidArgument ? .passed(in: .zero) : .failed(error.message)
        } catch {
            return .failed("\(error)")
        }
    }

    private func wake(_ address: Address, after pause: Duration) {
        guard let link = links[address] else { return }
        link.timer?.cancel()
        links[address]?.timer = Task {
            do { try await Pause.for(pause) } catch { return }
            link.wakeUp.yield()
        }
    }

    private func ask(_ address: Address, _ connection: StageConnection, _ health: Health) async throws {
        let description = try await StageClient(connection).describe(CallSettings(timeout: .seconds(5)))
        let isNew = registry.replicas[address]?.incarnation != Registry.Incarnation(address, description)
        if isNew { links[address]?.probes = ProbeSchedule(interval: timing.probeInterval) }
        heard(address, description, health)
    }

    func heard(_ address: Address, _ description: StageDescription, _ health: Health) {
        registry.heard(address, description, health)
        if let replica = registry.replicas[address] { needs(replica) }
        if health != .unknown, let replica = registry.replicas[address], !replica.problem.isEmpty {
            logger.info("stage does not serve", metadata: ["stage": "\(replica.name)", "address": "\(address)", "problem": "\(replica.problem)"])
        }
        links[address]?.wakeUp.yield()
        changed()
    }

    /// Whether the process that was known to serve at the address answers, on another connection.
    private func stillServes(_ address: Address, _ connection: StageConnection) async -> Bool {
        guard let known = registry.replicas[address], known.health == .serving,
            let description = try? await StageClient(connection).describe(CallSettings(timeout: .seconds(1)))
        else { return false }
        return Registry.Incarnation(address, description) == known.incarnation
    }

    private func closed(_ address: Address) {
        registry.closed(address)
        changed()
    }

    private func lost(_ address: Address, _ problem: String) {
        let problem = Shortage.ofDescriptors.map { "can't be asked: this gateway can open no connection: \($0)" } ?? problem
        if let health = registry.replicas[address]?.health, health != .unknown {
            // A draining stage is expected to exit.
            logger.log(
                level: health == .serving ? .warning : .info, health == .serving ? "stage lost" : "stage ended",
                metadata: ["address": "\(address)", "problem": "\(problem)"])
        }
        registry.lost(address, problem)
        links[address]?.probes.suspected()
        changed()
    }
}
