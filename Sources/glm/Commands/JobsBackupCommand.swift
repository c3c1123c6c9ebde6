import ArgumentParser
import Domain
import Files
import Wire

/// `glm jobs backup`: a copy of the gateway's jobs, while it runs. Only the gateway can make it, since its file is open to nobody else.
struct JobsBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write a copy of all jobs, with their requests and images, to a file.",
        discussion: """
            The file has mode 0600. As jobs.sqlite in the state directory of a gateway that does not run, it is what that gateway begins with. \
            Jobs wait while the gateway makes the copy, which takes as much room in its state directory as the jobs do. Jobs in PostgreSQL are \
            backed up by pg_dump.
            """)

    @Argument(help: ArgumentHelp("Where there is none yet.", valueName: "file"))
    var file: String

    @OptionGroup var gateway: GatewayOption

    func run() async throws {
        let copy = try WholeFile(file)
        let jobs = Slot<Int>(), missing = Slot<Int>()
        try await gateway.calling { connection in
            try await JobsClient(connection).backup { part in
                try copy.append(part.bytes)
                (jobs.value, missing.value) = (part.jobs, (missing.value ?? part.totalBytes) - part.bytes.count)
            }
        }
        guard let jobs = jobs.value, missing.value == 0 else {
            throw ClientError("the gateway ended before the copy was complete; nothing was written")
        }
        try copy.keep()
        try printLine("\(file): \(jobs) \(jobs == 1 ? "job" : "jobs"), \(copy.bytes) bytes")
    }
}
