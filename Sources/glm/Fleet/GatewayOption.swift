import ArgumentParser
import Foundation
import Wire

/// Which running gateway is meant, for commands that need one.
struct GatewayOption: ParsableArguments {
    @Option(help: ArgumentHelp("unix:PATH or HOST:PORT. Default: GLM_GATEWAY, else the one of the run directory.", valueName: "address"))
    var gateway: String?

    func validate() throws {
        if let gateway { _ = try FleetOptions.address(gateway, "--gateway") }
    }

    func address(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Address {
        if let gateway { return try FleetOptions.address(gateway, "--gateway") }
        if let named = environment["GLM_GATEWAY"], !named.isEmpty { return try FleetOptions.address(named, "GLM_GATEWAY") }
        return FleetOptions.standardAddress(environment)
    }

    /// Runs `body` with a connection; what the gateway refuses, and a gateway that is not there, are said in plain words.
    func calling<R: Sendable>(_ body: @Sendable (StageConnection) async throws -> R) async throws -> R {
        let address = try address()
        let connection = try StageConnection(to: address)
        do {
            return try await body(connection)
        } catch let error as CallError {
            if error.status == .unavailable { throw ClientError("no gateway answers at \(address): \(error.message)") }
            throw ClientError(error)
        }
    }
}
