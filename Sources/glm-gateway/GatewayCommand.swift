import ArgumentParser
import Checkpoint
import Foundation
import Gateway
import GLMTiny
import StageKit
import Wire

/// `glm-gateway`: makes pictures with the stages whose sockets are in the run folder.
@main
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm-gateway", abstract: "The process that clients speak with: makes pictures with the stages of a fleet.",
        discussion: """
            Every socket KIND-INSTANCE.sock in the run directory is a stage, whoever started it; stages elsewhere are named by \
            --stage. With --start, stages are started from here and end with this process.
            """, version: Build.version)

    @OptionGroup var server: ServerOptions

    @Option(help: ArgumentHelp("Stages to start: any of vision,text,diffusion.", valueName: "kinds"))
    var start: StageKinds = StageKinds(kinds: [])

    @Option(help: ArgumentHelp("The model's folder, for the stages to start. Default: GLM_MODEL, else the glm-tiny beside this program.", valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("Threads of each stage to start. Default: theirs.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Precision of the stages to start: f32 or bf16. Default: theirs.", valueName: "precision"))
    var precision: String?

    @Option(help: ArgumentHelp("A stage elsewhere: HOST:PORT or unix:PATH. May be given more than once.", valueName: "address"))
    var stage: [String] = []

    @Option(help: ArgumentHelp("A stage that has not answered anything for so long is asked to prove that it works.", valueName: "seconds"))
    var probeInterval = 30.0

    @Option(help: ArgumentHelp("A stage that makes nothing of a request for so long is replaced. Default: 120, on the CPU 600.", valueName: "seconds"))
    var stallLimit: Double?

    @Flag(help: "Leave the stages running when this process is told to end.")
    var keepStages = false

    @Flag(help: .hidden)
    var removeRunDirectory = false

    func validate() throws {
        for text in stage {
            do { _ = try Address(parsing: text) } catch { throw ValidationError("--stage: \(error)") }
        }
        if start.kinds.isEmpty, model != nil || threads != nil || precision != nil {
            throw ValidationError("--model, --threads and --precision are for the stages that --start names; there is none")
        }
        guard (0.05...86400).contains(probeInterval) else { throw ValidationError("--probe-interval is \(probeInterval); 0.05 to 86400 seconds") }
        if let stallLimit, !(0.05...86400).contains(stallLimit) { throw ValidationError("--stall-limit is \(stallLimit); 0.05 to 86400 seconds") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
    }

    static func main() async { await Launch.main(Self.self) }

    func run() async throws { try await serve() }

    /// What all stages are told.
    var stageArguments: [String] {
        ["--run-directory", server.runFolder.path, "--log-level", "\(server.logLevel)", "--drain-deadline", "\(server.drainDeadline)"]
    }

    /// One more stage on the CPU, of the model named or of the one that its kind has.
    func place(_ kind: StageKind, _ model: String?, _ instance: String, _ beside: [StageSpec]) throws -> StageSpec {
        guard var spec = beside.first(where: { $0.kind == kind }) ?? beside.first else {
            throw CallError(.failedPrecondition, "this gateway started no stages; start \(kind.program) with its run directory")
        }
        spec.kind = kind
        spec.instance = instance
        if let model {
            do {
                spec.fingerprint = try ModelFolder(URL(fileURLWithPath: model)).fingerprint
            } catch {
                throw CallError(.failedPrecondition, "\(error)")
            }
            spec.model = model
        }
        return spec
    }

    /// What is to run.
    func plan() throws -> FleetPlan {
        let remote = try stage.map { try Address(parsing: $0) }
        guard !start.kinds.isEmpty else { return FleetPlan(stages: [], remote: remote, queue: server.queue ?? 256) }
        guard let model = model ?? GLMTiny.locate()?.path else {
            throw ValidationError("--start needs --model: there is no glm-tiny beside this program, and GLM_MODEL is not set")
        }
        var arguments: [String] = []
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let precision { arguments += ["--precision", precision] }
        let fingerprint = try ModelFolder(URL(fileURLWithPath: model)).fingerprint
        let stages = start.kinds.map { StageSpec(kind: $0, instance: "0", model: model, fingerprint: fingerprint, arguments: arguments) }
        return FleetPlan(stages: stages, remote: remote, queue: server.queue ?? 256)
    }
}

/// A list as in `vision,text`.
struct StageKinds: ExpressibleByArgument {
    var kinds: [StageKind]

    init(kinds: [StageKind]) { self.kinds = kinds }

    init?(argument: String) {
        let kinds = argument.split(separator: ",").map { StageKind(rawValue: String($0)) }
        guard !kinds.isEmpty, !kinds.contains(nil) else { return nil }
        self.kinds = Array(Set(kinds.compactMap(\.self))).sorted()
    }

    var defaultValueDescription: String { "none" }
}
