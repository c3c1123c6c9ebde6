import Logging
import ServerKit

/// Resolves names of stages again and again, and tells the fleet where they are.
struct Resolver: Sendable {
    let names: [StageName]
    let fleet: Fleet
    let logger: Logger
    /// Between an answer and the next question: what a pod takes at most to be seen.
    var interval = Duration.seconds(5)
    var lookup: @Sendable (_ host: String) async throws -> [String] = NameLookup.addresses

    /// Until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for name in names { group.addTask { await follow(name) } }
        }
    }

    /// One question at a time: a system that is slow to give up is not asked anew meanwhile.
    private func follow(_ name: StageName) async {
        var answer = NameAnswer()
        while !Task.isCancelled {
            let hasChanged: Bool
            do {
                hasChanged = answer.resolved(try await lookup(name.host))
            } catch let failure as NameLookup.Failure {
                hasChanged = answer.failed(failure.reason)
            } catch {
                return
            }
            if hasChanged {
                tell(name, answer)
                await fleet.resolved(name, answer)
            }
            do { try await Pause.for(interval) } catch { return }
        }
    }

    private func tell(_ name: StageName, _ answer: NameAnswer) {
        var metadata: Logger.Metadata = ["name": "\(name)", "addresses": "\(answer.addresses.joined(separator: " "))"]
        guard !answer.problem.isEmpty else { return logger.info("stages of a name", metadata: metadata) }
        metadata["problem"] = "\(answer.problem)"
        logger.warning("stages of a name can't all be found", metadata: metadata)
    }
}
