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

    @Option(
        help: ArgumentHelp(
            "Computes the unconditional side of guidance beside --device, with a copy of the transformer of its own. Default: --device does both, one after the other.",
            valueName: "device"), transform: DeviceID.read)
    public var guidanceDevice: DeviceID?

    @Flag(
        help:
            "Decodes pictures with a side above the checkpoint's sample_size, and encodes such sources, in overlapping tiles of that side: memory stays a tile's, the picture differs a little."
    )
    public var vaeTiling = false

    public init() {}

    var conditionBytes: Int { conditionCache?.bytes ?? 256 << 20 }
}
