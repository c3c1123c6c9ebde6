public import ArgumentParser
public import Domain
import ServerKit

/// The flags of the diffusion process alone.
public struct DiffusionOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Memory for keys and values of source images that are kept for the next edit of the same images, as 512MiB or 4GiB. Default: 256MiB.",
            valueName: "size"), transform: ByteCount.read)
    public var conditionCache: ByteCount?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Decodes images with a side above the checkpoint's sample_size, and encodes such sources, in overlapping tiles of that side: memory stays a tile's, the image differs a little. Default: on accelerators yes, on the CPU no."
    )
    public var vaeTiling: Bool?

    @Option(
        help: ArgumentHelp(
            "The largest step_cache that requests may ask for, 0 to 1: most of the transformer's blocks are skipped in a denoising step whose residual has changed by less than the request's value. Such images differ from those drawn without. Default: 0, none may.",
            valueName: "r"))
    public var stepCache: Float = 0

    @Option(
        help: ArgumentHelp(
            "Devices among which the rows of each pass of the transformer are divided (Ulysses sequence parallelism): \(PassDivision.ulysses.explanation). --device then names as many for each branch of guidance that has devices of its own, branch after branch; cpu divides its threads. The transformer's heads must be divisible by it. Default: 1.",
            valueName: "n"), transform: PassDivision.ulysses.read)
    public var ulyssesDegree = 1

    @Option(
        help: ArgumentHelp(
            "Devices among which the heads and inner columns of each pass of the transformer, and their weights, are divided (tensor parallelism): \(PassDivision.tensorParallel.explanation). For a transformer that one device can't hold; slower than --ulysses-degree, in whose place it stands. --device names as many as there. Default: 1.",
            valueName: "n"), transform: PassDivision.tensorParallel.read)
    public var tensorParallelSize = 1

    @OptionGroup public var exchange: ExchangeOptions

    public init() {}

    public func validate() throws {
        do { try RequestLimits.checkStepCache(stepCache) } catch { throw ValidationError("--step-cache: \(error.message)") }
        try PassDivision.check(ulyssesDegree: ulyssesDegree, tensorParallelSize: tensorParallelSize)
        try exchange.check(.diffusion, ranks: ranks)
    }

    /// Devices among which each pass is divided, and how: in one of the two ways.
    var ranks: Int { max(ulyssesDegree, tensorParallelSize) }
    var division: PassDivision { tensorParallelSize > 1 ? .tensorParallel : .ulysses }

    func tilesImages(on device: DeviceID) -> Bool { vaeTiling ?? device.tilesImages }

    var sourceCacheBytes: Int { conditionCache?.bytes ?? 256 << 20 }
}
