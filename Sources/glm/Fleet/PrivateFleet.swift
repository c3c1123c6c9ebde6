import Processes
import Foundation
import GLMTiny
import Domain
import Wire

/// A gateway and its stages for one command: started, used and gone with it.
///
/// Should this process be killed, the gateway sees its standard input end, stops the stages and removes the folder.
/// Should the gateway be killed, the stages see the same of theirs, and this process waits for them and removes the folder.
struct PrivateFleet {
    let address: Address
    private let gateway: ChildProcess
    private let folder: String

    /// For the gateway to stop its stages; they have nothing in flight any more, or nobody wants it.
    private static let stopGrace = Duration.seconds(10)
    /// For stages whose gateway was killed.
    private static let orphanGrace = Duration.seconds(5)

    /// Returns when the fleet is ready; throws, with nothing left behind, when it can't be.
    /// - Parameters:
    ///   - kinds: of stages; each model gets those that it has.
    ///   - pipelines: a model for each, where `models` names none.
    ///   - stepCache: the largest that requests may ask for; nil: none may.
    static func start(
        _ kinds: [StageKind], for pipelines: [PipelineID], models: [String], threads: Int?, precision: PrecisionChoice?, stepCache: Float? = nil
    ) async throws -> PrivateFleet {
        let models = models.isEmpty ? try defaultModels(pipelines) : models
        let program = try Programs.find("glm-gateway")
        try Orphans.adopt()
        let folder = try PrivateFolder.make(in: temporaryFolder)
        var arguments = [
            "--run-directory", folder, "--remove-run-directory", "--exit-with-parent", "--log-level", "warning", "--drain-deadline", "2",
            "--start", kinds.map(\.rawValue).joined(separator: ","),
        ]
        for model in models { arguments += ["--model", model] }
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let precision { arguments += ["--precision", precision.rawValue] }
        if let stepCache { arguments += ["--step-cache", "\(stepCache)"] }
        let gateway: ChildProcess
        do {
            gateway = try ChildProcess(name: "glm-gateway", executable: program, arguments: arguments)
        } catch {
            PrivateFolder.remove(folder)
            throw error
        }
        let fleet = PrivateFleet(address: .unix(path: folder + "/gateway.sock"), gateway: gateway, folder: folder)
        do {
            try await fleet.waitUntilReady()
        } catch {
            await fleet.stop()
            throw error
        }
        return fleet
    }

    /// Each once, in the order of `pipelines`.
    private static func defaultModels(_ pipelines: [PipelineID]) throws -> [String] {
        var models: [String] = []
        for pipeline in pipelines {
            guard let model = GLMTiny.locate(pipeline)?.path else {
                throw ClientError("no model: --model names none, GLM_MODEL neither, and there is no \(GLMTiny.name(pipeline)) beside this program")
            }
            if !models.contains(model) { models.append(model) }
        }
        return models
    }

    /// Ends all of it, also when the task is cancelled meanwhile. Returns when no process and no file is left.
    func stop() async {
        await gateway.stop(grace: Self.stopGrace)
        await Orphans.wait(grace: Self.orphanGrace)
        PrivateFolder.remove(folder)
    }

    /// What the gateway wrote last, when it did not end as it was told to; known once the fleet is stopped.
    var lastWords: String? {
        guard let exit = gateway.exit.current, exit != .code(0) else { return nil }
        return Self.words(gateway, exit)
    }

    private func waitUntilReady() async throws {
        for await line in gateway.output where line.hasPrefix("ready ") { return }
        try Task.checkCancellation()
        guard let exit = await gateway.exit.value else { throw CancellationError() }
        throw ClientError("the private fleet did not start: \(Self.words(gateway, exit))")
    }

    private static func words(_ gateway: ChildProcess, _ exit: ChildProcess.Exit) -> String {
        let lines = gateway.lastErrorLines
        guard let line = lines.last(where: { $0.hasPrefix("Error: ") }) ?? lines.last else { return "glm-gateway \(exit)" }
        return String(line.trimmingPrefix("Error: "))
    }

    /// `TMPDIR` unless it is too long for the paths of sockets.
    private static var temporaryFolder: String {
        guard let path = ProcessInfo.processInfo.environment["TMPDIR"], path.hasPrefix("/"), path.utf8.count <= 64 else { return "/tmp" }
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
