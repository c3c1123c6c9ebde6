import ArgumentParser
import Checkpoint
import Devices
import Domain
import Foundation
import ModelTools
import Placement
import Stages

/// `glm bench parts`: how fast each part of a model runs here, beside what the machine can do at most.
struct BenchPartsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parts", abstract: "Time each part of a model, beside the machine's limit.",
        discussion: """
            Loads the stages one after another in this process and times each part on synthetic inputs. The floor is the larger of \
            products over the product rate and weight bytes over the memory rate: measured on the CPU, published for a card. A \
            convolution's products are counted as they are written: by Winograd's method it takes fewer, and can be above its floor. \
            Of a card, the calls of its driver are counted too, and the joules of one run are told where the driver tells its power: \
            those of the whole package, whatever else runs on it. Run it on an idle machine.
            """)

    @Argument(help: "The model's folder.") var model: String
    @Option(help: "Side of the square image in pixels, a multiple of 32.") var side = 512
    @Option(help: ArgumentHelp("Time this part alone; again for further parts. Default: all.", valueName: "part")) var part: [String] = []
    @OptionGroup var device: DeviceOptions
    @Option(help: "Seconds spent on each part.") var seconds = 3.0
    @Option(
        help: ArgumentHelp("Also time the denoising of a whole picture in 50 steps, without step caching and with this threshold.", valueName: "r"))
    var stepCache: Float?
    @Flag(help: "Show where each part's time goes: products, attention, element-wise operations, waiting. On the CPU only.") var profile = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard side % 32 == 0, (32...2048).contains(side) else {
            throw ValidationError("--side \(side) is not a multiple of 32 within 32 through 2048")
        }
        try checkUsage { () throws(RequestError) in try RequestLimits.checkStepCache(stepCache) }
        guard stepCache == nil || part.isEmpty || part.contains("denoise") else {
            throw ValidationError("--step-cache is for the part denoise, which is not among --part \(part.joined(separator: ", "))")
        }
        guard !profile || device.device == .cpu else {
            throw ValidationError("--profile is for the CPU, whose operations are done when they return; --device is \(device.device)")
        }
        guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds \(seconds) is outside 0 through 600") }
    }

    func run() throws {
        let folder = try ModelFolder(URL(filePath: model, directoryHint: .isDirectory))
        let parts = ModelBenchmark.parts(of: folder.pipeline)
        if let unknown = part.first(where: { !parts.contains($0) }) {
            throw ValidationError("--part \(unknown) is none of \(folder.name)'s parts: \(parts.joined(separator: ", "))")
        }
        let device = try device.makeDevice()
        var report = BenchReport(model: folder.name, device: device, limit: try BenchLimit(device))
        var sizes = ModelBenchmark.Sizes()
        sizes.side = side
        sizes.stepCache = stepCache
        // Where DCMI fails, power is not told.
        let watts = (try? PowerSensors.find())?.reader(of: self.device.device.onMachine)
        try ModelBenchmark(model: folder, device: device, sizes: sizes, parts: Set(part), budget: .seconds(seconds), watts: watts)
            .run(loaded: { report.load[$0.part] = $0.seconds }, timed: { report.add($0, profiled: profile) })
        report.peakMemoryBytes = peakMemoryBytes()
        if json { try printJSON(report, snakeCase: true) } else { try printLine(report.table) }
    }

    /// `VmHWM` of this process.
    private func peakMemoryBytes() -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return kibibytes * 1024
    }
}
