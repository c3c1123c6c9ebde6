import Domain
import ArgumentParser
import ServerKit
import Wire

/// Which fleet does the work.
struct FleetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "unix:PATH, https://HOST:PORT, or HOST:PORT where nothing is encrypted. Default: GLM_GATEWAY, else the one of the run directory, else a private fleet.",
            valueName: "address"))
    var gateway: String?

    @OptionGroup var tls: TLSFileOptions

    @Option(
        help: ArgumentHelp(
            "The model's folder, for a private fleet; once more for one that answers questions beside one that draws. Default: what GLM_MODEL names, colons between, else the small one beside this program.",
            valueName: "dir"))
    var model: [String] = []

    @Option(
        help: ArgumentHelp("Threads of each stage of a private fleet; the stages work one after the other. Default: all processors.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("What a private fleet multiplies: \(PrecisionChoice.explanation) Default: auto.", valueName: "precision"))
    var precision: PrecisionChoice?

    @OptionGroup var key: KeyOption

    func validate() throws {
        if gateway != nil, wantsPrivateFleet {
            throw ValidationError("--model, --threads and --precision are for a private fleet; --gateway names a running one")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
        try GatewayAddress.check(gateway)
    }

    /// A running fleet has its own model, threads and precision.
    var wantsPrivateFleet: Bool { !model.isEmpty || threads != nil || precision != nil }

    /// Runs `body` with the gateway that runs or, where there is none, with a private fleet that ends with it; a signal ends both.
    /// - Parameters:
    ///   - kinds: the stages that a private fleet needs.
    ///   - pipelines: what it needs models for.
    ///   - stepCache: what it allows; see `glm-gateway --help`.
    func working(
        _ kinds: [StageKind], for pipelines: [PipelineID], stepCache: Float? = nil, _ screen: Screen,
        _ body: @escaping @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        let (models, threads, precision) = (model, threads, precision)
        let running = try await runningGateway(screen)
        try await Interruption.guarding {
            if let running { return try await body(running) }
            let fleet = try await PrivateFleet.start(
                kinds, for: pipelines, models: models, threads: threads, precision: precision, stepCache: stepCache)
            do {
                let door = GatewayDoor(address: fleet.address, key: nil) { screen.say($0) }
                try await body(RunningGateway(door: door, connection: try StageConnection(to: fleet.address), isPrivate: true))
                await fleet.stop()
            } catch {
                await fleet.stop()
                if !Task.isCancelled, let words = fleet.lastWords { throw ClientError("the private fleet ended: \(words)") }
                throw error
            }
        }
    }

    /// The gateway that runs; nil when there is none and a private fleet is to be started. One that is there but does not serve is waited for
    /// or told: another model's image would be no answer.
    func runningGateway(_ screen: Screen) async throws -> RunningGateway? {
        if gateway == nil, wantsPrivateFleet { return nil }
        let meant = try GatewayAddress(gateway)
        let door = GatewayDoor(address: meant.address, key: try key.text(for: meant.address), tls: try meant.address.tls(tls.files)) {
            screen.say($0)
        }
        if meant.isNamed { return try await door.openExisting(.serves) }
        switch try await door.open(.serves) {
        case .gateway(let gateway): return gateway
        case .nobody: return nil
        }
    }
}
