import Domain
import ArgumentParser
import Foundation
import ServerKit
import Wire

/// Which fleet does the work.
struct FleetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "unix:PATH or HOST:PORT. Default: GLM_GATEWAY, else the one of the run directory, else a private fleet.", valueName: "address"))
    var gateway: String?

    @Option(
        help: ArgumentHelp("The model's folder, for a private fleet. Default: GLM_MODEL, else the glm-tiny beside this program.", valueName: "dir"))
    var model: String?

    @Option(
        help: ArgumentHelp("Threads of each stage of a private fleet; the stages work one after the other. Default: all processors.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("f32 or bf16, for a private fleet. Default: f32.", valueName: "precision"))
    var precision: Precision?

    func validate() throws {
        if gateway != nil, wantsPrivateFleet {
            throw ValidationError("--model, --threads and --precision are for a private fleet; --gateway names a running one")
        }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is \(threads); 1 to 1024") }
        if let gateway { _ = try Self.address(gateway, "--gateway") }
    }

    /// A running fleet has its own model, threads and precision.
    var wantsPrivateFleet: Bool { model != nil || threads != nil || precision != nil }

    /// The gateway that runs; nil when there is none and a private fleet is to be started.
    func runningGateway(environment: [String: String] = ProcessInfo.processInfo.environment) async throws -> Address? {
        if let gateway { return try Self.address(gateway, "--gateway") }
        if wantsPrivateFleet { return nil }
        if let named = environment["GLM_GATEWAY"], !named.isEmpty { return try Self.address(named, "GLM_GATEWAY") }
        let address = Self.standardAddress(environment)
        guard case .unix(let path) = address, access(path, F_OK) == 0 else { return nil }
        // A file of a gateway that is gone answers nothing.
        let health = try? await HealthClient(StageConnection(to: address)).check(CallSettings(timeout: .seconds(2)))
        return health == .serving ? address : nil
    }

    static func standardAddress(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Address {
        .unix(path: RunDirectory.standard(environment: environment).path + "/gateway.sock")
    }

    static func address(_ text: String, _ name: String) throws -> Address {
        do { return try Address(parsing: text) } catch { throw ValidationError("\(name): \(error)") }
    }
}
