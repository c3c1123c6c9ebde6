import Domain
import Glibc
import Logging
import Processes
import Wire

/// Stages are asked at intervals what they are, whatever they compute: see ``Pulse``.
extension Fleet {
    func listen(to address: Address, _ connection: StageConnection) async {
        var pulse = Pulse()
        while true {
            do { try await Task.sleep(for: timing.pulse) } catch { return }
            let silence = await silence(of: address, connection)
            guard !Task.isCancelled, let replica = registry.replicas[address] else { return }
            if let silence {
                // Who can open nothing hears nobody.
                guard Shortage.ofDescriptors == nil, pulse.missed(replica.incarnation) else { continue }
                await silent(replica, silence)
            } else {
                pulse.answered()
            }
        }
    }

    /// Asks a stage what it is.
    /// - Returns: why there is no answer; nil when there is one.
    private func silence(of address: Address, _ connection: StageConnection) async -> String? {
        if case .unix(let path) = address, access(path, F_OK) != 0 { return "its socket \(path) is gone" }
        guard let description = try? await StageClient(connection).describe(CallSettings(timeout: timing.pulse)) else {
            return "does not answer: asked \(Pulse.limit) times, \(timing.pulse.inSeconds) s each"
        }
        registry.counted(address, description)
        if registry.replicas[address]?.health == .unknown {
            // Its connection is as it was: only we had stopped to wait for it.
            heard(address, description, description.state == .serving ? .serving : .notServing)
        }
        return nil
    }

    private func silent(_ replica: Registry.Replica, _ problem: String) async {
        if replica.health != .unknown {
            logger.warning("stage is silent", metadata: ["stage": "\(replica.name)", "address": "\(replica.address)", "problem": "\(problem)"])
        }
        // One that was lost before keeps the reason.
        registry.silent(replica.address, replica.health == .unknown ? replica.problem : problem)
        links[replica.address]?.probes.suspected()
        changed()
        await replace(replica, .silent(problem))
    }
}
