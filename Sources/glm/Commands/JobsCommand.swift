import ArgumentParser
import Domain
import Files
import Foundation
import Wire

/// `glm jobs`: requests that the gateway keeps.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Show, wait for, fetch and cancel requests that were made with --detach.",
        subcommands: [List.self, Wait.self, Fetch.self, Cancel.self, JobsBackupCommand.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all jobs that are kept, the newest first.")

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var gateway: GatewayOption

        func run() async throws {
            let jobs = try await gateway.calling(isSafe: true) { try await JobsClient($0).list(CallSettings(timeout: .seconds(10))).jobs }
            if json { try printJSON(["jobs": JobReport.rows(jobs)]) } else { try printLine(JobReport.table(jobs)) }
        }
    }

    struct Wait: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Wait until a job has ended; exit 1 when it was not done.")

        @Argument(help: ArgumentHelp("As generate --detach printed it.", valueName: "job"))
        var id: String

        @OptionGroup var gateway: GatewayOption

        func run() async throws {
            let last = try await gateway.calling(isSafe: true) { connection in
                let last = Slot<Job>()
                try await JobsClient(connection).watch(id) { last.value = $0 }
                return last.value
            }
            guard let last else { throw ClientError("the gateway ended before job \(id) did; ask again") }
            guard last.state == .done else { throw ClientError("job \(id) \(JobReport.state(last))") }
            try printLine("\(id) done")
        }
    }

    struct Fetch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write the image of a completed job.")

        @Argument(help: ArgumentHelp("As generate --detach printed it.", valueName: "job"))
        var id: String

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Output file, with the extension of the image's format; - for standard output.", valueName: "file"))
        var output: String

        @OptionGroup var gateway: GatewayOption

        func validate() throws { _ = try OutputFile(output) }

        func run() async throws {
            let file = try OutputFile(output)
            try file.target.check()
            let image = try await gateway.calling(isSafe: true) { try await JobsClient($0).fetch(id, CallSettings(timeout: .seconds(60))) }
            guard image.parameters.format == file.format || file.target.isStream else {
                throw ClientError("job \(id) made a \(image.parameters.format.name) image; \(output) has another ending")
            }
            try file.write(image.image, keepsCopy: false)
            try PictureReport(file, image, requestID: nil).print(toError: file.target.isStandardOutput)
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a job that has not ended.")

        @Argument(help: ArgumentHelp("As generate --detach printed it.", valueName: "job"))
        var id: String

        @OptionGroup var gateway: GatewayOption

        func run() async throws {
            let job = try await gateway.calling(isSafe: true) { try await JobsClient($0).cancel(id, CallSettings(timeout: .seconds(10))) }
            try printLine("\(id) \(JobReport.state(job))")
        }
    }
}
