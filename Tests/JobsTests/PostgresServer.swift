import Foundation
import Jobs
import PostgresJobs

/// A server of PostgreSQL for the tests of this process, in a temporary folder, on a Unix socket.
actor PostgresServer {
    static let shared = PostgresServer()

    /// Debian keeps the server's programs beside each other, by version.
    static let programs: String? = {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let folders = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "/usr/lib/postgresql/\($0)/bin" }
        return folders.first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }()

    private var folder: String?
    private var schemas = 0

    /// A place of its own, in which there is nothing.
    func address() throws -> PostgresAddress {
        let folder = try start()
        schemas += 1
        let address = "postgres://glm@/postgres?host=\(folder)&options=-csearch_path%3Dtest\(schemas)"
        try Self.run("\(Self.programs ?? "")/psql", ["-q", "-h", folder, "-U", "glm", "-c", "CREATE SCHEMA test\(schemas)", "postgres"])
        return try PostgresAddress(parsing: address)
    }

    /// The server refuses to be root. It ends, and its folder goes, when this process ends: the shell's input is a pipe of ours.
    private func start() throws -> String {
        if let folder { return folder }
        let folder = FileManager.default.temporaryDirectory.appending(path: "glm-pg-\(UUID().uuidString.prefix(8))").path
        let script = """
            folder=$1 programs=$2 user=
            mkdir -m 0755 "$folder"
            [ "$(id -u)" != 0 ] || { chown postgres "$folder"; user="setpriv --reuid postgres --regid postgres --clear-groups"; }
            cd /
            $user "$programs/initdb" -D "$folder/data" -U glm -A trust -E UTF8 --no-sync >"$folder.log" 2>&1 || exit 1
            $user "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=200 >>"$folder.log" 2>&1 &
            until "$programs/pg_isready" -q -h "$folder"; do kill -0 $! || exit 1; sleep 0.05; done
            echo ready
            cat >/dev/null
            kill -INT $!
            wait $!
            rm -rf "$folder" "$folder.log"
            """
        let shell = Process(), words = Pipe(), life = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script, "sh", folder, Self.programs ?? ""]
        (shell.standardOutput, shell.standardInput) = (words, life)
        try shell.run()
        guard try words.fileHandleForReading.read(upToCount: 5) == Data("ready".utf8) else {
            throw Failure(description: "the server does not start: \((try? String(contentsOfFile: folder + ".log", encoding: .utf8)) ?? "")")
        }
        held = life
        self.folder = folder
        return folder
    }

    private var held: Pipe?

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "\(program) failed") }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }
}
