import Foundation

/// The driver's command line tool.
struct NPUSMI {
    let program: String

    /// Bytes of output: some hundred times those of a table of sixteen dies.
    private static let longest = 1 << 20

    /// Nil where `PATH` leads to none.
    init?(path: String) {
        let files = path.split(separator: ":").map { "\($0)/npu-smi" }
        guard let program = files.first(where: FileManager.default.isExecutableFile(atPath:)) else { return nil }
        self.program = program
    }

    /// What `npu-smi info` prints. It hangs where the driver does, so it is ended after ten seconds.
    func info(_ environment: [String: String]) throws(PlacementError) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["info"]
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw PlacementError(.discoveryFailed, "\(program) can't be run: \(error.localizedDescription)")
        }
        let processID = process.processIdentifier
        let deadline = DispatchWorkItem { kill(processID, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(10), execute: deadline)
        var bytes = Data()
        while bytes.count <= Self.longest, let piece = try? output.fileHandleForReading.read(upToCount: 64 << 10), !piece.isEmpty { bytes += piece }
        if bytes.count > Self.longest { kill(processID, SIGKILL) }
        process.waitUntilExit()
        deadline.cancel()
        guard bytes.count <= Self.longest else {
            throw PlacementError(.discoveryFailed, "\(program) info prints more than \(Self.longest) bytes")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let how = process.terminationReason == .exit ? "exit code \(process.terminationStatus)" : "signal \(process.terminationStatus)"
            throw PlacementError(.discoveryFailed, "\(program) info ended with \(how): \(text.split(separator: "\n").first ?? "no output")")
        }
        return text
    }
}
