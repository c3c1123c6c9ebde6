public import ArgumentParser
import Domain
import Foundation
public import Logging
public import Wire

/// The flags that all servers share.
public struct ServerOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Address to listen on: unix:PATH or HOST:PORT. Over HOST:PORT there is, but for a gateway with --keys, no key: whoever can connect may generate images, but operate nothing (see --admin, --tls-client-ca). Default: KIND-INSTANCE.sock in the run directory; a gateway always listens there, too.",
            valueName: "address"))
    public var listen: String?

    @OptionGroup public var tls: TLSOptions

    @Flag(
        help:
            "Let callers over TCP do what operators do: drain, scale and swap stages, read the fleet's status, list all jobs. Without it, that takes the Unix socket."
    )
    public var admin = false

    @Option(
        help: ArgumentHelp(
            "The folder of the fleet's sockets. Default: GLM_RUN_DIRECTORY, else glm in XDG_RUNTIME_DIR, else glm-<uid> in the temporary folder.",
            valueName: "dir"))
    public var runDirectory: String?

    @Option(help: ArgumentHelp("Name that is unique among the processes of one kind: letters, digits, - and _.", valueName: "name"))
    public var instance = "0"

    @Option(
        help: ArgumentHelp(
            "Of a stage: maximum number of waiting requests, default 8. Of the gateway: maximum number of requests in all, default 256.",
            valueName: "n"))
    public var queue: Int?

    @Option(
        help: ArgumentHelp(
            "Time in seconds that requests in flight get after SIGTERM, at most. Default: 30; of a gateway with a topology as long as the largest image that it plans for is predicted to take, twice, if that is more.",
            valueName: "seconds"))
    public var drainDeadline: Double?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    public var logLevel = Logger.Level.info

    @Option(help: "text, for people, or json: an object a line.")
    public var logFormat = LogFormat.text

    @Flag(help: "Exit when standard input is closed, that is when the process that started this one exits.")
    public var exitWithParent = false

    public init() {}

    public func validate() throws {
        let allowed = instance.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x2d || byte == 0x5f
        }
        guard allowed, (1...32).contains(instance.utf8.count) else {
            throw ValidationError("--instance is \"\(instance)\"; 1 to 32 letters, digits, - and _")
        }
        if let queue, !(0...65536).contains(queue) { throw ValidationError("--queue is \(queue); 0 to 65536") }
        if let drainDeadline, !(0...86400).contains(drainDeadline) {
            throw ValidationError("--drain-deadline is \(drainDeadline); 0 to 86400 seconds")
        }
        if let listen {
            let address: Address
            do { address = try Address(parsing: listen) } catch { throw ValidationError("--listen: \(error)") }
            try tls.check(address, "--listen")
        }
    }

    /// The run folder in use.
    public var runFolder: RunDirectory { runDirectory.map(RunDirectory.init(path:)) ?? .standard() }

    /// Where a process of this kind listens; makes the run folder where it is needed.
    public func address(kind: String) throws -> Address {
        if let listen { return try Address(parsing: listen) }
        try runFolder.prepare()
        return runFolder.address(kind: kind, instance: instance)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
