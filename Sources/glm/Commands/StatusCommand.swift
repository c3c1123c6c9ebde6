import ArgumentParser
import Foundation
import Wire

/// `glm status`: the gateway and its stages, at a glance.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show the gateway and the stages it knows.")

    @Option(help: ArgumentHelp("unix:PATH or HOST:PORT. Default: GLM_GATEWAY, else the one of the run directory.", valueName: "address"))
    var gateway: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let named = gateway ?? ProcessInfo.processInfo.environment["GLM_GATEWAY"].flatMap { $0.isEmpty ? nil : $0 }
        let address = try named.map { try FleetOptions.address($0, gateway == nil ? "GLM_GATEWAY" : "--gateway") } ?? FleetOptions.standardAddress()
        let status: FleetStatus
        do {
            status = try await GatewayClient(StageConnection(to: address)).status(CallSettings(timeout: .seconds(10)))
        } catch let error as CallError {
            if error.status == .unavailable { throw ClientError("no gateway answers at \(address): \(error.message)") }
            throw ClientError(error)
        }
        print(json ? try StatusReport(status, address).encoded() : StatusReport(status, address).table)
    }
}
