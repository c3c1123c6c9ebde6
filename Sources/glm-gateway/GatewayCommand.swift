import ArgumentParser
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

    @Flag(help: .hidden)
    var removeRunDirectory = false

    func validate() throws {
        for text in stage {
            do { _ = try Address(parsing: text) } catch { throw ValidationError("--stage: \(error)") }
        }
        if start.kinds.isEmpty, model != nil || threads != nil || precision != nil {
            throw ValidationError("--model, --threads and --precision are for the stages that --start names; there is none")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
    }

    static func main() async { await Launch.main(Self.self) }

    func run() async throws { try await serve() }

    /// What the stages to start are told.
    func stageArguments() throws -> [String] {
        guard let model = model ?? GLMTiny.locate()?.path else {
            throw ValidationError("--start needs --model: there is no glm-tiny beside this program, and GLM_MODEL is not set")
        }
        var arguments = ["--run-directory", server.runFolder.path, "--log-level", "\(server.logLevel)", "--drain-deadline", "\(server.drainDeadline)"]
        arguments += ["--model", model]
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let precision { arguments += ["--precision", precision] }
        return arguments
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
