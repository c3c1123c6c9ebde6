import Processes
public import ArgumentParser
import Foundation
public import Domain
import Wire

/// `glm up`: a gateway and its fleet, in the foreground.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run a gateway and the stages of its topology, in the foreground.",
        discussion:
            "The same as glm-gateway, to which all flags go; without --topology and --start, one stage of each kind runs for each model. See glm-gateway --help."
    )

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Flags of glm-gateway, for example --topology FILE.", valueName: "flags"))
    var flags: [String] = []

    func run() throws {
        let names = flags.map { $0.prefix { $0 != "=" } }
        let chosen = names.contains("--topology") || names.contains("--start") || names.contains("--help") || names.contains("-h")
        let arguments = (chosen ? [] : ["--start", "all"]) + flags
        let program = try Programs.find("glm-gateway")
        var pointers = ([program] + arguments).map { strdup($0) }
        pointers.append(nil)
        execv(program, &pointers)
        throw ClientError("\(program) can't be started: \(String(cString: strerror(errno)))")
    }
}

/// `glm drain`: takes one stage out of service.
struct DrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Take one stage out of service: it finishes its work and ends.")

    @Argument(help: ArgumentHelp("Its name or its address, as glm status shows them: vision-0, or 10.0.0.7:50052.", valueName: "stage"))
    var stage: String

    @Option(
        help: ArgumentHelp("After this time, requests in flight are moved to another stage. Default: the stage's own setting.", valueName: "seconds"))
    var deadline: Double?

    @Flag(help: "Drain even if no other stage of its kind serves.")
    var force = false

    @OptionGroup var gateway: GatewayOption

    func validate() throws {
        if let deadline, !(0.001...86400).contains(deadline) { throw ValidationError("--deadline is \(deadline); 0.001 to 86400 seconds") }
    }

    func run() async throws {
        let request = DrainStageRequest(stage: stage, deadlineSeconds: deadline ?? 0, force: force)
        try await gateway.calling { try await OperationsClient($0).drain(request) { try printLine($0.line) } }
    }
}

/// `glm scale`: more stages of a kind, or fewer.
struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Start or drain stages of one kind until there are as many as asked.")

    @Argument(help: ArgumentHelp("vision, text or diffusion.", valueName: "kind"))
    var kind: StageKind

    @Argument(help: ArgumentHelp("Stages of the kind; at least 1.", valueName: "n"))
    var replicas: Int

    @OptionGroup var model: ModelNameOption

    @OptionGroup var gateway: GatewayOption

    func validate() throws {
        guard (1...1024).contains(replicas) else { throw ValidationError("\(replicas) stages; 1 to 1024") }
    }

    func run() async throws {
        let request = ScaleRequest(kind: kind.rawValue, replicas: replicas, modelName: model.name)
        try await gateway.calling { try await OperationsClient($0).scale(request) { try printLine($0.line) } }
    }
}

/// `glm swap`: another model for all stages of a kind.
struct SwapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swap", abstract: "Replace the stages of one kind by stages of another model, without a pause.",
        discussion: "New stages are started and probed, requests go to them, the old ones drain. Where there is no room for both, nothing is changed."
    )

    @Argument(help: ArgumentHelp("vision, text or diffusion.", valueName: "kind"))
    var kind: StageKind

    @Option(name: .customLong("model"), help: ArgumentHelp("Folder of the new checkpoint, on the gateway's host.", valueName: "dir"))
    var folder: String

    @OptionGroup var model: ModelNameOption

    @OptionGroup var gateway: GatewayOption

    func run() async throws {
        let request = SwapRequest(
            kind: kind.rawValue, model: URL(fileURLWithPath: folder).standardizedFileURL.path, modelName: model.name)
        try await gateway.calling { try await OperationsClient($0).swap(request) { try printLine($0.line) } }
    }
}

/// Which of the fleet's models a command is about.
struct ModelNameOption: ParsableArguments {
    @Option(help: ArgumentHelp("Name of the model, as glm status shows it. Default: the only one of the kind.", valueName: "name"))
    var modelName: String?

    var name: String { modelName ?? "" }
}

extension StageKind: ExpressibleByArgument {}

extension OperationEvent {
    fileprivate var line: String { ((stage.isEmpty ? "" : stage + " ") + message).printable }
}
