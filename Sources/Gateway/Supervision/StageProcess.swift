import Placement
import Processes
import Domain
import Glibc
import ServerKit
import Wire

/// A running stage: a child of this process, or one that an earlier gateway started and left.
struct StageProcess: Sendable {
    let processID: Int32
    /// Set when it has ended, with its last words.
    let ended: Promise<String>
    /// Set when it answers.
    let ready: Promise<Void>
    private let child: ChildProcess?

    /// - Parameter lifeline: it ends with this process, however that ends; else it lives on.
    static func start(_ spec: StageSpec, common: [String], lifeline: Bool) throws(LaunchError) -> StageProcess {
        var arguments = common + spec.arguments
        if lifeline { arguments.append("--exit-with-parent") }
        let child = try ChildProcess(
            name: spec.name, executable: try Programs.find(spec.kind.descriptor.program), arguments: arguments, environment: spec.environment,
            standardInput: lifeline ? .lifeline : .none, standardError: .inherited)
        let process = StageProcess(processID: child.processID, ended: Promise(), ready: Promise(), child: child)
        Task {
            var words = ""
            for await line in child.output {
                if line.hasPrefix("ready ") { process.ready.fulfil(()) }
                if line.hasPrefix("failed ") { words = String(line.dropFirst(7)) }
            }
            guard let exit = await child.exit.value else { return }
            process.ended.fulfil("\(exit)" + (words.isEmpty ? "" : ": \(words)"))
        }
        return process
    }

    /// One that answers at the address already; nil when nobody does.
    static func find(at address: Address) async -> (process: StageProcess, description: StageDescription)? {
        guard case .unix(let path) = address, access(path, F_OK) == 0, let connection = try? StageConnection(to: address),
            let description = try? await StageClient(connection).describe(CallSettings(timeout: .seconds(2))), description.processID > 0
        else { return nil }
        let process = StageProcess(processID: Int32(description.processID), ended: Promise(), ready: Promise(), child: nil)
        process.ready.fulfil(())
        AnyProcess.onEnd(process.processID) { process.ended.fulfil("has ended") }
        return (process, description)
    }

    func send(_ signal: Int32) {
        if let child { child.send(signal) } else if ended.current == nil { kill(processID, signal) }
    }

    /// Asks it to end, and after `grace` ends it. Returns when it has ended.
    func stop(grace: Duration) async {
        send(SIGTERM)
        await Task.detached { [self] in
            let timer = Task.detached {
                try await Task.sleep(for: grace)
                send(SIGKILL)
            }
            defer { timer.cancel() }
            _ = await ended.value
        }.value
    }
}
