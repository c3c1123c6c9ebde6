public import ArgumentParser
import Foundation
public import Gateway
import GLMTiny
import Domain
import ServerKit
import Wire

/// `glm-gateway`: makes images with the stages whose sockets are in the run directory.
@main
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glm-gateway", abstract: "The process that clients connect to. It generates images with the stages of a fleet.",
        discussion: """
            Every socket KIND-INSTANCE.sock in the run directory is a stage, whoever started it; stages elsewhere are given by \
            --stage. With --start, this process starts stages and stops them when it ends.
            """, version: Build.version)

    @OptionGroup var server: ServerOptions

    @Option(help: ArgumentHelp("File with models, stages, devices and limits; see glm plan.", valueName: "file"))
    var topology: String?

    @Option(
        help: ArgumentHelp(
            "Kinds of stages to start on this host, without a topology: any of vision,text,diffusion, or all, each kind that a model has. One of each kind is started for each model.",
            valueName: "kinds"))
    var start: StageKinds?

    @Option(
        help: ArgumentHelp(
            "A model's folder, for the stages to start. Repeatable: one that draws and one that answers questions, for example. Default: those that GLM_MODEL names, colons between, else the small ones beside this program.",
            valueName: "dir"))
    var model: [String] = []

    @Option(
        help: ArgumentHelp(
            "A folder that glm swap may take models from. Repeatable. Default: the folders that hold the models of the started stages.",
            valueName: "dir"))
    var modelRoot: [String] = []

    @Option(help: ArgumentHelp("Threads per started stage. Default: the stage's own default.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("What the started stages multiply: \(PrecisionChoice.explanation) Default: auto.", valueName: "precision"))
    var precision: PrecisionChoice?

    @Option(
        help: ArgumentHelp(
            "The largest step_cache that requests may ask of the started diffusion stages, 0 to 1; see glm-diffusion --help. Default: 0, none may.",
            valueName: "r"))
    var stepCache: Float?

    @Option(
        help: ArgumentHelp(
            "What becomes of stages that compute with other numerics (precision, kernels, tiles) than others of their kind and model: standby, they get requests only while no stage with the numerics of most slots serves; refuse, they get none if they differ from the first; use, they get requests like the others, and the same seed may give two images.",
            valueName: "policy"))
    var mixedNumerics = NumericsMixing.standby

    @Option(
        help: ArgumentHelp(
            "Address of a stage elsewhere: https://HOST:PORT, unix:PATH, or HOST:PORT where nothing is encrypted; dns+https://NAME:PORT or dns:NAME:PORT: a stage at each address of the name, which is resolved every 5 seconds. Repeatable.",
            valueName: "address"))
    var stage: [String] = []

    @Option(
        help: ArgumentHelp(
            "Kinds of stages without which this gateway is not ready, any of vision,text,diffusion, or all; those that it starts itself are always among them. Default: what its stages elsewhere once were.",
            valueName: "kinds"))
    var expect: StageKinds?

    @Option(
        name: .customLong("stage-tls-ca"),
        help: ArgumentHelp(
            "PEM file of those who vouch for the certificates of stages elsewhere. Default: whom the system trusts.", valueName: "file"))
    var stageTLSCA: String?

    @Option(
        name: .customLong("stage-tls-certificate"),
        help: ArgumentHelp(
            "PEM file of the certificate to show to stages elsewhere that ask for one (--tls-client-ca). Default: --tls-certificate.",
            valueName: "file"))
    var stageTLSCertificate: String?

    @Option(name: .customLong("stage-tls-key"), help: ArgumentHelp("PEM file of its private key.", valueName: "file"))
    var stageTLSKey: String?

    @Option(
        help: ArgumentHelp(
            "Send a stage that has been idle for this long the smallest request, as a health probe. One that hangs, busy or not, is noticed and replaced within twice this time.",
            valueName: "seconds"))
    var probeInterval = FleetTiming.defaultProbeInterval.inSeconds

    @Option(
        help: ArgumentHelp(
            "A stage that computes nothing for this long fails the health probe that it was sent. A probe that waits behind other requests may take longer.",
            valueName: "seconds"))
    var probeLimit = FleetTiming.defaultProbe.inSeconds

    @Option(
        help: ArgumentHelp("Replace a stage that makes no progress on a request for this long. Default: 120, on the CPU 600.", valueName: "seconds"))
    var stallLimit: Double?

    @Option(
        help: ArgumentHelp(
            "Directory of what is kept through restarts: jobs, counts of keys. Default: STATE_DIRECTORY, as systemd sets it, else the run directory.",
            valueName: "dir"))
    var stateDirectory: String?

    @Option(
        help: ArgumentHelp(
            "Address of the HTTP server: metrics and health at /metrics, /health/live, /health/ready, and the API that OpenAI's clients speak, at /v1. Disabled by default.",
            valueName: "host:port"))
    var http: String?

    @OptionGroup var httpOptions: HTTPOptions

    @Option(
        help: ArgumentHelp(
            "Ask clients over TCP and HTTP to connect again after this time, a tenth more or less, so that a balancer spreads them anew; 0: never. Requests under way are not cut off. Default: 600.",
            valueName: "seconds"))
    var maxConnectionAge = 600.0

    @Option(
        help: ArgumentHelp(
            "Key file, as glm keys makes it: every call over TCP and HTTP then needs a key. Without it, --listen and --http take loopback addresses alone.",
            valueName: "file"))
    var keys: String?

    @OptionGroup var jobs: JobFlags

    @OptionGroup var labels: LabelOptions

    @OptionGroup var audit: AuditFlags

    @Flag(help: "Leave the stages running when this process is stopped.")
    var keepStages = false

    @Flag(help: .hidden)
    var removeRunDirectory = false

    func validate() throws {
        for text in stage {
            do { _ = try StageOrigin(parsing: text) } catch { throw ValidationError("--stage: \(error)") }
        }
        guard (stageTLSCertificate == nil) == (stageTLSKey == nil) else {
            throw ValidationError("--stage-tls-certificate and --stage-tls-key are given together")
        }
        if let http {
            let address: Address
            do { address = try Address(parsing: http) } catch { throw ValidationError("--http: \(error)") }
            guard case .tcp = address else {
                throw ValidationError("--http is \(address); it is HOST:PORT, encrypted by --tls-certificate and --tls-key")
            }
            try server.tls.check(address, "--http")
        }
        if !httpOptions.corsOrigin.isEmpty, http == nil { throw ValidationError("--cors-origin is for the HTTP API, which --http serves") }
        try checkKeys()
        if topology != nil, start != nil || threads != nil || precision != nil || stepCache != nil {
            throw ValidationError(
                "--start, --threads, --precision and --step-cache are not for a --topology; it names stages and how they compute itself")
        }
        if topology == nil, start == nil, !model.isEmpty || threads != nil || precision != nil || stepCache != nil {
            throw ValidationError("--model, --threads, --precision and --step-cache are for the stages that --start names; there is none")
        }
        do { try RequestLimits.checkStepCache(stepCache) } catch { throw ValidationError("--step-cache: \(error.message)") }
        guard (0.05...86400).contains(probeInterval) else { throw ValidationError("--probe-interval is \(probeInterval); 0.05 to 86400 seconds") }
        guard (0.05...86400).contains(probeLimit) else { throw ValidationError("--probe-limit is \(probeLimit); 0.05 to 86400 seconds") }
        if let stallLimit, !(0.05...86400).contains(stallLimit) { throw ValidationError("--stall-limit is \(stallLimit); 0.05 to 86400 seconds") }
        guard maxConnectionAge == 0 || (1...86400).contains(maxConnectionAge) else {
            throw ValidationError("--max-connection-age is \(maxConnectionAge); 1 to 86400 seconds, or 0 for none")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
    }

    /// Nil: any age.
    var connectionAge: Duration? { maxConnectionAge > 0 ? .seconds(maxConnectionAge) : nil }

    static func main() async { await Launch.main(Self.self) }

    func run() async throws { try await serve() }

    /// What all stages are told.
    /// - Parameter drain: seconds that requests in flight get.
    func stageArguments(drain: Double) -> [String] {
        [
            "--run-directory", server.runFolder.path, "--log-level", "\(server.logLevel)", "--log-format", server.logFormat.rawValue,
            "--drain-deadline", "\(drain)",
        ]
    }
}

/// A list as in `vision,text`, or `all`.
struct StageKinds: ExpressibleByArgument {
    /// Nil: all that the models have.
    let kinds: [StageKind]?

    init?(argument: String) {
        guard argument != "all" else {
            kinds = nil
            return
        }
        let kinds = argument.split(separator: ",").map { StageKind(rawValue: String($0)) }
        guard !kinds.isEmpty, !kinds.contains(nil) else { return nil }
        self.kinds = Array(Set(kinds.compactMap(\.self))).sorted()
    }
}

extension NumericsMixing: ExpressibleByArgument {}
