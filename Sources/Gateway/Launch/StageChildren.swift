import Glibc
public import Logging

/// The stages that a gateway starts itself: all of one model, one of each kind.
public final class StageChildren: Sendable {
    private let children: [ChildProcess]
    private let logger: Logger

    /// Starts them; they answer later.
    /// - Parameter arguments: the same for all.
    public init(_ kinds: [StageKind], arguments: [String], logger: Logger) throws(LaunchError) {
        self.logger = logger
        var children: [ChildProcess] = []
        for kind in kinds {
            let child = try ChildProcess(
                name: kind.program, executable: try Programs.find(kind.program), arguments: arguments + ["--exit-with-parent"],
                // Their log is a part of ours.
                onErrorLine: { line in
                    let line = line + "\n"
                    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
                })
            logger.info("started", metadata: ["program": "\(kind.program)", "process": "\(child.processID)"])
            children.append(child)
        }
        self.children = children
    }

    /// Returns when `ready` does; throws `endedEarly`, with the child's last words, when one of them ends before.
    public func wait(until ready: @escaping @Sendable () async -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await ready() }
            for child in children {
                group.addTask {
                    guard let exit = await child.exit.value else { return }
                    throw LaunchError(.endedEarly, Self.lastWords(child, exit))
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Tells of a child that ends by itself, until the task is cancelled.
    public func watch() async {
        await withTaskGroup(of: Void.self) { group in
            for child in children {
                group.addTask { [logger] in
                    guard let exit = await child.exit.value else { return }
                    logger.error("stage ended", metadata: ["program": "\(child.name)", "process": "\(child.processID)", "exit": "\(Self.lastWords(child, exit))"])
                }
            }
        }
    }

    /// SIGTERM for all, SIGKILL for those that are there after `grace`. Returns when all have ended.
    public func stop(grace: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for child in children { group.addTask { _ = await child.stop(grace: grace) } }
        }
    }

    private static func lastWords(_ child: ChildProcess, _ exit: ChildProcess.Exit) -> String {
        guard let line = child.lastErrorLines.last(where: { !$0.isEmpty }) else { return "\(child.name) \(exit)" }
        return "\(child.name) \(exit): \(line.trimmingPrefix("Error: "))"
    }
}
