import Foundation

/// The driver's command line tool.
struct NPUSMI {
    let program: String

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
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        deadline.cancel()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let how = process.terminationReason == .exit ? "exit code \(process.terminationStatus)" : "signal \(process.terminationStatus)"
            throw PlacementError(.discoveryFailed, "\(program) info ended with \(how): \(text.split(separator: "\n").first ?? "no output")")
        }
        return text
    }
}
