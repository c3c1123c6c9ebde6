import Gateway
import StageKit
import Wire

extension GatewayCommand {
    /// Serves until the process is told to end; then ends the stages that it started.
    func serve() async throws {
        let folder = server.runFolder
        defer { if removeRunDirectory { PrivateFolder.remove(folder.path) } }
        try folder.prepare()
        let process = try StageServer(kind: "gateway", options: options(in: folder), capacity: Self.requestsAtOnce)
        let fleet = Fleet(folder: folder, remote: try stage.map { try Address(parsing: $0) }, logger: process.logger)
        let service = GatewayService(fleet: fleet, gate: process.gate, logger: process.logger) { process.description() }
        let following = Task { try await fleet.run() }
        defer { following.cancel() }

        guard !start.kinds.isEmpty else {
            return try await process.run([.gateway(service)]) { StageModel() }
        }
        let children = try StageChildren(start.kinds, arguments: stageArguments(), logger: process.logger)
        let watching = Task { await children.watch() }
        do {
            try await process.run([.gateway(service)]) {
                try await children.wait { await fleet.served(Set(start.kinds)) }
                return StageModel()
            }
        } catch {
            watching.cancel()
            await children.stop(grace: Self.stopGrace)
            throw error
        }
        watching.cancel()
        await children.stop(grace: Self.stopGrace)
    }

    /// Requests under way at the same time; each waits for stages most of its life.
    private static let requestsAtOnce = 64
    /// For stages that have nothing in flight any more.
    private static let stopGrace = Duration.seconds(5)

    /// The only gateway of a folder is `gateway.sock`.
    private func options(in folder: RunDirectory) -> ServerOptions {
        var options = server
        if options.listen == nil, options.instance == "0" { options.listen = "unix:\(folder.path)/gateway.sock" }
        return options
    }
}
