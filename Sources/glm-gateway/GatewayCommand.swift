import ArgumentParser
import Foundation
import Gateway
import GLMTiny
import Domain
import ServerKit
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

    @Option(help: ArgumentHelp("The file that names stages, replicas, cards and limits; see glm plan.", valueName: "file"))
    var topology: String?

    @Option(help: ArgumentHelp("Without a topology, stages to start on this host: any of vision,text,diffusion.", valueName: "kinds"))
    var start: StageKinds = StageKinds(kinds: [])

    @Option(
        help: ArgumentHelp(
            "The model's folder, for the stages to start. Default: GLM_MODEL, else the glm-tiny beside this program.", valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("Threads of each stage to start. Default: theirs.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Precision of the stages to start: f32 or bf16. Default: theirs.", valueName: "precision"))
    var precision: String?

    @Option(help: ArgumentHelp("A stage elsewhere: HOST:PORT or unix:PATH. May be given more than once.", valueName: "address"))
    var stage: [String] = []

    @Option(help: ArgumentHelp("A stage that has not answered anything for so long is asked to prove that it works.", valueName: "seconds"))
    var probeInterval = 30.0

    @Option(
        help: ArgumentHelp("A stage that makes nothing of a request for so long is replaced. Default: 120, on the CPU 600.", valueName: "seconds"))
    var stallLimit: Double?

    @Option(help: ArgumentHelp("Where jobs are kept. Default: STATE_DIRECTORY, as systemd sets it, else the run directory.", valueName: "dir"))
    var stateDirectory: String?

    @Option(
        help: ArgumentHelp(
            "Where metrics and health are told over HTTP: /metrics, /health/live, /health/ready. Default: nowhere.", valueName: "host:port"))
    var http: String?

    @Flag(help: "Leave the stages running when this process is told to end.")
    var keepStages = false

    @Flag(help: .hidden)
    var removeRunDirectory = false

    func validate() throws {
        for text in stage {
            do { _ = try Address(parsing: text) } catch { throw ValidationError("--stage: \(error)") }
        }
        if topology != nil, !start.kinds.isEmpty || threads != nil || precision != nil {
            throw ValidationError("--start, --threads and --precision are not for a --topology; it names stages, threads and precision itself")
        }
        if topology == nil, start.kinds.isEmpty, model != nil || threads != nil || precision != nil {
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
