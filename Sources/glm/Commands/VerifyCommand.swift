import ArgumentParser
import Checkpoint
import Devices
import Domain
import Files
import Foundation
import ModelConfiguration
import ModelTools
import ServerKit
import Tensor

/// `glm verify`: whether each part of the model computes what the reference computed.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare each part of a model with a reference file.",
        discussion:
            "Each part gets its inputs from the file; reduced precision has wider limits. Exit code 1 when a row fails; rows that are not in the file fail nothing."
    )

    @Argument(help: "The model's folder.")
    var model: String

    @Argument(help: "A reference file, made by the reference implementation.")
    var reference: String

    @OptionGroup var device: DeviceOptions

    @Option(
        help: ArgumentHelp(
            "Also write a report that can be sent to others: versions, self-test, bits, rows, launches and times, as JSON. It holds no prompt, no picture, no path and no name of a host.",
            valueName: "file"))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "Devices among which the passes of the diffusion transformer are divided: \(PassDivision.ulysses.explanation). They are the accelerators from --device on, or cpu with its threads divided. Default: 1.",
            valueName: "n"), transform: PassDivision.ulysses.read)
    var ulyssesDegree = 1

    @Option(
        help: ArgumentHelp(
            "The same by heads and inner columns (tensor parallelism), for the passes of the decoder too: \(PassDivision.tensorParallel.explanation). One of the two at a time. Default: 1.",
            valueName: "n"),
        transform: PassDivision.tensorParallel.read)
    var tensorParallelSize = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try PassDivision.check(ulyssesDegree: ulyssesDegree, tensorParallelSize: tensorParallelSize)
        guard let report, OutputTarget(report).isStandardOutput else { return }
        throw ValidationError("--report \(report): standard output has the table")
    }

    func run() throws {
        let target = report.map { OutputTarget($0) }
        try target?.check()
        let folder = try ModelFolder(URL(filePath: model, directoryHint: .isDirectory))
        let fingerprints = try folder.fingerprints(), folders = [folder.url, URL(filePath: reference)]
        let devices: DeviceGroup
        do { devices = try device.makeDevices(.f32, ranks: max(ulyssesDegree, tensorParallelSize)) } catch {
            let asked = device.precision ?? .f32
            try write(
                VerificationReport(
                    version: Build.version, precision: asked.rawValue, fingerprints: fingerprints, error: error, folders: folders), to: target)
            throw error
        }
        let computing = devices.main
        // The cache of keys and values has the type that products multiply.
        let precision: Precision = computing.cacheType == .f32 ? .f32 : .bf16
        let verifier = try Verifier(
            model: folder, reference: URL(filePath: reference), device: computing, diffusion: devices,
            dividing: tensorParallelSize > 1 ? .tensorParallel : .ulysses, text: tensorParallelSize > 1 ? devices : nil, precision: precision)
        let told = DeviceReport(computing)
        if !json { try printLine((told.lines + [VerdictTable.head]).joined(separator: "\n")) }
        var parts: [PartCost] = []
        let verdicts = verifier.run { verdict in
            guard !json else { return }
            // Where it can't be written, the last line fails too.
            try? printLine(VerdictTable.row(verdict))
        } timed: {
            parts.append($0)
        }
        let failures = verdicts.count { $0.outcome == .fails }
        try write(
            VerificationReport(
                version: Build.version, device: told, precision: precision.rawValue, fingerprints: fingerprints, rows: verdicts, parts: parts,
                folders: folders), to: target)
        if json {
            let report = Report(
                model: folder.name, fingerprints: fingerprints, reference: reference, device: computing.name, computing: told,
                precision: precision.rawValue, holds: failures == 0, rows: verdicts, parts: parts)
            try printJSON(report)
        } else {
            let compared = verdicts.count { $0.outcome != .absent }
            try printLine(failures == 0 ? "all \(compared) rows hold" : "\(failures) of \(compared) rows fail")
        }
        if failures > 0 { throw ExitCode(1) }
    }

    private func write(_ report: VerificationReport, to target: OutputTarget?) throws {
        try target?.write([UInt8](try report.json()))
    }

    private struct Report: Encodable {
        let model: String
        let fingerprints: [String: String]
        let reference, device: String
        let computing: DeviceReport
        let precision: String
        let holds: Bool
        let rows: [Verdict]
        let parts: [PartCost]
    }
}
