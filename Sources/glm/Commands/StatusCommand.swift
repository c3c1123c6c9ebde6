import ArgumentParser
import Foundation
import ServerKit
import Wire

/// `glm status`: the gateway and its stages, devices and queues, at a glance.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show the gateway, its stages, devices and queues.")

    @Flag(help: "Refresh every second, until Ctrl-C.")
    var watch = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var gateway: GatewayOption

    func validate() throws {
        if watch, json { throw ValidationError("--watch draws for a person; ask for --json as often as you like") }
    }

    func run() async throws {
        let address = try gateway.address()
        try await gateway.calling { connection in
            let client = GatewayClient(connection)
            var before: FleetStatus?
            repeat {
                let status = try await client.status(CallSettings(timeout: .seconds(10)))
                let report = StatusReport(status, address: "\(address)", before: before)
                if json { return try printJSON(report, snakeCase: true) }
                guard watch else { return try printLine(report.text) }
                if StandardStream.output.isTerminal { try StandardStream.output.write("\u{1B}[H\u{1B}[2J") }
                try printLine(report.text)
                before = status
                try await Task.sleep(for: .seconds(1))
            } while true
        }
    }
}
