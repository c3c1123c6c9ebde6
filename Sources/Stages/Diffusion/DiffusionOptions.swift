public import ArgumentParser

/// The flags of the diffusion process alone.
public struct DiffusionOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Memory for keys and values of source images that are kept for the next edit of the same images, as 512MiB or 4GiB. Default: 256MiB.",
            valueName: "size"))
    public var conditionCache: MemorySize?

    @Option(
        help: ArgumentHelp(
            "Computes the unconditional side of guidance beside --device, with a copy of the transformer of its own. Default: --device does both, one after the other.",
            valueName: "device"))
    public var guidanceDevice: String?

    @Flag(
        help:
            "Decodes pictures with a side above the checkpoint's sample_size, and encodes such sources, in overlapping tiles of that side: memory stays a tile's, the picture differs a little."
    )
    public var vaeTiling = false

    public init() {}

    public func validate() throws { try guidanceDevice.map { try ModelOptions.checkDevice($0, "--guidance-device") } }

    var conditionBytes: Int { conditionCache?.bytes ?? 256 << 20 }
}
