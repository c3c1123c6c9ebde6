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
        help:
            "Decodes images with a side above the checkpoint's sample_size, and encodes such sources, in overlapping tiles of that side: memory stays a tile's, the image differs a little."
    )
    public var vaeTiling = false

    public init() {}

    var sourceCacheBytes: Int { conditionCache?.bytes ?? 256 << 20 }
}
